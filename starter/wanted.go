package main

import (
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"

	"steward/internal/ids"
	"steward/internal/policy"
	"steward/internal/setup"
	"steward/workflows"
)

// How often the promises that are not daily act, and how far their starts may be
// spread. A missed start is made up only until the next is due: each looks at
// everything again.
const (
	pruneEvery  = time.Hour
	pruneJitter = time.Minute
	auditEvery  = 5 * time.Minute
	auditJitter = 5 * time.Second
)

// attributes are the search attributes that workflows set.
func attributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{
		workflows.PromiseKey, workflows.StageKey, workflows.SubjectKey, workflows.DueAtKey, workflows.OverdueKey,
	}
}

// schedules are what acts by itself under a policy: one backup a day for each
// database, exactly on time; the prune of what is past its time; the audit.
func schedules(p *policy.Policy) []setup.Schedule {
	rules := p.Promises.Backups

	var wanted []setup.Schedule

	for _, database := range rules.Databases {
		wanted = append(wanted, setup.Schedule{
			ID: ids.Backup(database.Name), Workflow: workflows.DailyBackupName, Queue: workflows.CoreQueue,
			Args:    []any{workflows.DailyBackupParams{Database: database.Name}},
			Summary: "Back up " + database.Name + ", restore it elsewhere, compare",
			At:      &rules.At, CatchUp: rules.CatchUp.Longest(),
		})
	}

	wanted = slices.Concat(wanted, fileSchedules(p), copySchedules(p), messageSchedules(p), mapSchedules(p))

	return append(wanted,
		setup.Schedule{
			ID: ids.Prune(), Workflow: workflows.PruneBackupsName, Queue: workflows.CoreQueue,
			Summary: "Remove backups past their time, prove them gone", Every: pruneEvery, Jitter: pruneJitter, CatchUp: pruneEvery,
		},
		setup.Schedule{
			ID: ids.Audit(), Workflow: workflows.PromiseAuditName, Queue: workflows.CoreQueue,
			Summary: "Judge every promise by its evidence", Every: auditEvery, Jitter: auditJitter, CatchUp: auditEvery,
		})
}
