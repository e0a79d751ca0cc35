package main

import (
	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/setup"
	"steward/workflows"
)

// fileSchedules are what acts by itself for the files of a policy: one backup a day
// for each set, at the time of the databases, and the prune. Where there is a bucket
// for contents there is a prune, since sets that left the policy are pruned too.
func fileSchedules(p *policy.Policy) []setup.Schedule {
	rules := p.Promises.Backups

	var wanted []setup.Schedule

	for _, files := range rules.Files {
		wanted = append(wanted, setup.Schedule{
			ID: ids.Files(files.Name), Workflow: workflows.DailyFilesName, Queue: workflows.CoreQueue,
			Args:    []any{workflows.DailyFilesParams{Files: files.Name}},
			Summary: "Back up the files " + files.Name + ", read them again, compare",
			At:      &rules.At, CatchUp: rules.CatchUp.Longest(),
		})
	}

	if p.Storage.Files == "" {
		return wanted
	}

	return append(wanted, setup.Schedule{
		ID: ids.PruneFiles(), Workflow: workflows.PruneFilesName, Queue: workflows.CoreQueue,
		Summary: "Remove files past their time, prove them gone", Every: pruneEvery, Jitter: pruneJitter, CatchUp: pruneEvery,
	})
}
