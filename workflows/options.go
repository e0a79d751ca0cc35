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
	// FilesQueue and FilesDrillQueue are worked by the backup and the drill role too.
	// A file may take most of a day: the steps that move files have places of their
	// own, so that databases and prunes never wait for them.
	FilesQueue      = "backup-files"
	FilesDrillQueue = "drill-files"
	// CopiesQueue is worked by the backup role as well. A copy to another location may
	// take hours, and no daily backup waits for one.
	CopiesQueue = "backup-copies"
	// VendorsQueue is worked by the vendors role, which alone speaks to mail servers and
	// to the app's webhooks. A server that hangs keeps no promise waiting.
	VendorsQueue = "vendors"
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
	// firstRetry and longestRetry bound the waits between tries.
	firstRetry   = 5 * time.Second
	longestRetry = 5 * time.Minute
)

// quick is for steps that are one or a few SQL statements: half a minute is
// long for them, and they are tried until what is left of the run's time is spent.
func (p Promises) quick(ctx workflow.Context, left time.Duration, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		Summary:                summary,
		StartToCloseTimeout:    p.Patience.Of(quickTimeout),
		ScheduleToCloseTimeout: left,
		RetryPolicy:            p.retries(),
	})
}

// bulk is for steps that move much. They heartbeat, so that the death of a worker is
// noticed within a minute, and give themselves up when they stall. One try may take
// all that is left of the run's time, as all tries together: a try begins from zero, so
// what takes longer than any shorter time would never end. One file may have 5 TiB, the
// most that Cloud Storage takes, and is read in one go, at 100 MB/s for 15 hours; a
// database under a bandwidth may take as long.
func (p Promises) bulk(ctx workflow.Context, left time.Duration, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue:              queue,
		Summary:                summary,
		StartToCloseTimeout:    left,
		ScheduleToCloseTimeout: left,
		HeartbeatTimeout:       p.Patience.Of(time.Minute),
		RetryPolicy:            p.retries(),
	})
}

// budget is how long a daily run may take in all while nothing tells it more
// exactly: with it the run is over before the next day's is due, which the
// schedule would skip while this one is at work.
const budget = 20 * time.Hour

// shortest is what a step gets of a run whose time is over: enough to report
// that itself. None at all would mean no limit to Temporal.
const shortest = time.Second

// deadline is the instant at which a run must have ended, by the clock of
// workflows.
type deadline time.Time

// deadlineIn sets the deadline that far from the given instant.
func (p Promises) deadlineIn(from time.Time, in time.Duration) deadline {
	return deadline(from.Add(p.Patience.Of(in)))
}

// left is what a step that begins now may take, all its tries together.
func (d deadline) left(ctx workflow.Context) time.Duration {
	return max(shortest, time.Time(d).Sub(workflow.Now(ctx)))
}

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
