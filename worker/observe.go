package main

import (
	"context"

	"steward/internal/clocks"
	"steward/internal/metrics"
)

// activityNames are the registered names of all activities, the closed
// vocabulary of a metric's label.
func activityNames() []string {
	return []string{
		"OpenDay", "CheckBuckets", "TakeBackup", "PruneBackups", "DrillBackup", "AuditPromises", "SignEvidence",
		"BeginAct", "ExecutePrune", "EndAct", "OpenFilesDay", "CheckFileBuckets", "TakeFiles", "DrillFiles", "PruneFiles",
		"CopyBackup", "CopyMissing", "SendDueMail", "DeliverWebhooks", "ExpireRecords", "RewrapKeys",
		"LookAtErasure", "DecideErasure", "CommitTombstone", "AwaitTombstoneSeal", "AnswerErasure", "FinishErasure", "ParkErasure",
		"PlanErasure", "CloseSubject", "ReopenSubject", "ExecuteErasure", "VerifyErasure", "ForgetErasure",
	}
}

func (p *process) newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Options{
		Clock: p.clock, Policy: p.policy, Activities: activityNames(),
		Version: commit, Commit: commit, Role: names(p.roles),
	})
}

// listen takes the address of /metrics and /healthz, if there is one: before any work
// is taken, so that a process which cannot be observed never says that it is ready.
func (p *process) listen(ctx context.Context) error {
	if p.config.Listen == "" {
		p.log.InfoContext(ctx, "metrics and health are not served (STEWARD_LISTEN is not set)")

		return nil
	}

	health := &checkup{checks: p.checks(), clock: clocks.System()}

	server, err := metrics.Listen(ctx, p.config.Listen, p.metrics.Registry(), health.look)
	if err != nil {
		return err
	}

	p.background = append(p.background, server.Run)

	return nil
}
