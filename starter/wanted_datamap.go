package main

import (
	"time"

	"steward/internal/calendar"
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

// residueCatchUp is how late a night's search is still made: then the next one is near.
const residueCatchUp = 12 * time.Hour

// residueAt is when the search for residue begins, in the policy's zone: people sleep, the day's backup is over in most
// zones, and no zone's clocks are set on or back at that hour.
func residueAt() calendar.TimeOfDay {
	const hour, minute = 4, 30

	return calendar.ClockAt(hour, minute)
}

// mapSchedules compare the data map with the databases, and look for what is left of people there, where erasure is
// promised at all.
func mapSchedules(p *policy.Policy) []setup.Schedule {
	if p.Promises.Erasure == nil {
		return nil
	}

	at := residueAt()

	return []setup.Schedule{{
		ID: ids.DataMap(), Workflow: workflows.DatamapAuditName, Queue: workflows.CoreQueue,
		Summary: "Compare the data map with the databases", Every: mapEvery, Jitter: mapJitter, CatchUp: mapEvery,
	}, {
		ID: ids.Residue(), Workflow: workflows.ErasureResidueName, Queue: workflows.CoreQueue,
		Summary: "Look for what is left of those who were erased", At: &at, Zone: p.Company.Zone.String(), CatchUp: residueCatchUp,
	}}
}
