package main

import (
	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/setup"
	"steward/workflows"
)

// copySchedules catch up each hour with copies that are missing in the other
// locations of a policy; without one there is nothing to copy. What lies in one that
// left the policy is the business of the prune.
func copySchedules(p *policy.Policy) []setup.Schedule {
	if len(p.Promises.Backups.Copies) == 0 {
		return nil
	}

	return []setup.Schedule{{
		ID: ids.Copies(), Workflow: workflows.CopyBackupsName, Queue: workflows.CoreQueue,
		Summary: "Copy proven backups to the other locations where they are not yet", Every: pruneEvery, Jitter: pruneJitter, CatchUp: pruneEvery,
	}}
}
