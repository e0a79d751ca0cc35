package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/failure"
)

// guardChange marks the runs that look at the bucket first: those that began
// before this was built go on without.
const guardChange = "bucket-guard"

// lookAgain is how long a run waits between two looks at a bucket that has
// drifted: whoever mends it in the night needs to start nothing.
const lookAgain = 10 * time.Minute

// A run by hand looks a few times in half a minute, so that one wrong answer of
// the service does not end it, and then lets the person who is there act.
const (
	lookByHand   = 10 * time.Second
	givesUpAfter = 30 * time.Second
)

// driftStage is what StageKey shows while a run waits for a bucket to be mended.
const driftStage = "bucket drift"

// guard stores nothing in a bucket that is not set up as the policy says: it
// would be deleted too early, or could not be when its time is over. A scheduled
// run waits for a person to mend it, until the time of its day is over. One by
// hand fails soon, since the person is there.
func (r *backupRun) guard(ctx workflow.Context, opened activities.OpenedDay) error {
	return r.guarded(ctx, guarding{list: r.list, end: r.end, byHand: opened.DueAt.IsZero(), look: r.look})
}

// guarding is a run before it stores something.
type guarding struct {
	list *checklist
	end  deadline
	// byHand says that a person started it.
	byHand bool
	look   func(workflow.Context) (activities.BucketLook, error)
}

func (p Promises) guarded(ctx workflow.Context, r guarding) error {
	if workflow.GetVersion(ctx, guardChange, workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		r.list.done(ctx, guardStep, "not looked at: this run began before Steward did so")

		return nil
	}

	r.list.start(ctx, guardStep)

	wait, end := p.Patience.Of(lookAgain), r.end
	if r.byHand {
		wait, end = p.Patience.Of(lookByHand), p.deadlineIn(workflow.Now(ctx), givesUpAfter)
	}

	for {
		look, err := r.look(ctx)
		if err != nil {
			return r.list.failed(ctx, guardStep, err)
		}

		drift := sentence(look)
		if drift == "" {
			r.list.done(ctx, guardStep, "")

			return nil
		}

		if !workflow.Now(ctx).Add(wait).Before(time.Time(end)) {
			r.list.set(ctx, guardStep, failed, drift)

			return drifted(drift)
		}

		stage(ctx, StageKey.ValueSet(driftStage))
		r.list.set(ctx, guardStep, waits, drift+". It is looked at again every "+wait.String()+", and the run goes on once it is mended")

		timer := workflow.NewTimerWithOptions(ctx, wait, workflow.TimerOptions{Summary: "Wait until somebody has mended the bucket"})
		if err := timer.Get(ctx, nil); err != nil {
			return r.list.failed(ctx, guardStep, err)
		}
	}
}

func (r *backupRun) look(ctx workflow.Context) (look activities.BucketLook, err error) {
	var do *activities.Guards

	step := r.quick(ctx, r.end.left(ctx), BackupQueue, "Compare the bucket's settings with the policy")

	err = workflow.ExecuteActivity(step, do.CheckBuckets).Get(ctx, &look)

	return look, err
}

// sentence is what is wrong with the buckets; empty for nothing.
func sentence(look activities.BucketLook) string {
	texts := make([]string, len(look.Drift))
	for i, one := range look.Drift {
		texts[i] = one.Bucket + ": " + one.String()
	}

	return strings.Join(texts, "; ")
}

// drifted is the failure of a run whose bucket was not mended in time. Its text
// tells more than that of the table, and like it holds nothing but Steward's own
// words, names of the policy and numbers.
func drifted(drift string) error {
	return temporal.NewNonRetryableApplicationError(
		failure.Lookup(failure.BucketDrift).Text+": "+drift, string(failure.BucketDrift), nil)
}
