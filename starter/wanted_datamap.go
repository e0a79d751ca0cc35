package main

import (
	"time"

	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/setup"
	"steward/workflows"
)

// The data map is compared each hour, so that whoever changes a schema hears of it the same day, and a worker
// that was started anew shows soon how it stands.
const (
	mapEvery  = time.Hour
	mapJitter = time.Minute
)

// mapSchedules compare the data map with the databases, where erasure is promised at all.
func mapSchedules(p *policy.Policy) []setup.Schedule {
	if p.Promises.Erasure == nil {
		return nil
	}

	return []setup.Schedule{{
		ID: ids.DataMap(), Workflow: workflows.DatamapAuditName, Queue: workflows.CoreQueue,
		Summary: "Compare the data map with the databases", Every: mapEvery, Jitter: mapJitter, CatchUp: mapEvery,
	}}
}
