package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/internal/patience"
)

// The task queues, one for each role of the worker.
const (
	// CoreQueue is worked by the core role: evidence, alarms, the ledger.
	CoreQueue = "core"
	// BackupQueue is worked by the backup role, which cannot decrypt.
	BackupQueue = "backup"
	// DrillQueue is worked by the drill role, which cannot sign.
	DrillQueue = "drill"
)

// Promises holds the workflows. Its one field is the same for every process of
// an environment.
type Promises struct {
	// Patience scales the timeouts; 0 is production's.
	Patience patience.Scale
}

const (
	// quickTimeout is long for a few SQL statements.
	quickTimeout = 30 * time.Second
	// bulkTimeout is long for moving a database of some hundred gigabytes.
	bulkTimeout = 6 * time.Hour
	// firstRetry and longestRetry bound the waits between tries.
	firstRetry   = 5 * time.Second
	longestRetry = 5 * time.Minute
)

// quick is for steps that are one or a few SQL statements: half a minute is
// long for them, and they are tried until the step's budget is spent.
func (p Promises) quick(ctx workflow.Context, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		Summary:                summary,
		StartToCloseTimeout:    p.Patience.Of(quickTimeout),
		ScheduleToCloseTimeout: p.Patience.Of(budget),
		RetryPolicy:            p.retries(),
	})
}

// bulk is for steps that move a whole database. They heartbeat, so that the
// death of a worker is noticed within a minute, and give themselves up when
// they stall; the day's budget bounds all tries together.
func (p Promises) bulk(ctx workflow.Context, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		Summary:                summary,
		StartToCloseTimeout:    p.Patience.Of(bulkTimeout),
		ScheduleToCloseTimeout: p.Patience.Of(budget),
		HeartbeatTimeout:       p.Patience.Of(time.Minute),
		RetryPolicy:            p.retries(),
	})
}

// budget is how long a step is tried for: the catch-up window of a daily
// promise, after which the next day's run is due.
const budget = 20 * time.Hour

// retries waits from five seconds to five minutes between tries: an outage of an
// hour costs a dozen of them. Which errors are tried again is decided by the one
// failure table, not here.
func (p Promises) retries() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval:    p.Patience.Of(firstRetry),
		BackoffCoefficient: 2,
		MaximumInterval:    p.Patience.Of(longestRetry),
	}
}
