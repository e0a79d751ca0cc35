package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/erasure"
	"steward/internal/failure"
)

// ErasureName is the registered name of Erasure.
const ErasureName = "Erasure"

// ErasureNews is the signal that somebody acted on the case. It carries nothing: what
// happened is read from the database.
const ErasureNews = "erasure-news"

// EraseQueue is worked by the erase role, which alone may write in the app's databases.
const EraseQueue = "erase"

// ErasureParams name the case.
type ErasureParams struct {
	// Erasure is its opaque id.
	Erasure string
}

const (
	// erasureStep is how long one step is tried before a person is asked to look.
	erasureStep = 24 * time.Hour
	// erasureLook is how often a case that waits is looked at, should its news be lost.
	erasureLook = 24 * time.Hour
	// reopenAgain is how long after a closing could not be taken back that is tried again.
	reopenAgain = time.Hour
	// erasureMargin is how long after that day it is looked at: clocks of machines differ by less.
	erasureMargin = time.Minute
	// erasureLooks bounds the history of one run; the next goes on where it ended.
	erasureLooks = 200
)

// Erasure keeps "data are permanently deleted": it counts what there is of a subject, waits until a second person
// has agreed to that, closes the subject, looks once more, decides for good, erases in every store, looks for what is
// left, answers, and waits until it is gone everywhere.
//
// Where the case stands says the database, after each step anew; this run is only what moves it on. It may be
// started at any stage, as often as anybody likes.
func (p Promises) Erasure(ctx workflow.Context, params ErasureParams) (erasure.Seen, error) {
	run := erasing{Promises: p, id: params.Erasure, news: workflow.GetSignalChannel(ctx, ErasureNews)}

	for range erasureLooks {
		run.hear()

		seen, err := run.look(ctx)
		if err != nil || seen.Stage.Ended() {
			return seen, run.leave(ctx, seen, err)
		}

		if err := run.step(ctx, seen); err != nil {
			return seen, err
		}
	}

	return erasure.Seen{}, workflow.NewContinueAsNewError(ctx, ErasureName, params)
}

// erasing is one run of one case.
type erasing struct {
	Promises

	id   string
	news workflow.ReceiveChannel
	// shown is the stage that the search attributes show.
	shown    erasure.Stage
	progress progress
}

// leave ends the run of a case that has ended. What was kept to erase a cancelled subject again goes first.
func (e *erasing) leave(ctx workflow.Context, seen erasure.Seen, failed error) error {
	var stores *activities.ErasureStores

	if failed != nil || seen.Stage != erasure.Cancelled {
		return failed
	}

	_, err := e.do(ctx, e.erase("Remove what was kept for a restore", stores.ForgetErasure))

	return err
}

// step does what the stage of the case asks for.
func (e *erasing) step(ctx workflow.Context, seen erasure.Seen) error {
	var (
		decide *activities.Erasures
		stores *activities.ErasureStores
	)

	switch seen.Stage {
	case erasure.Requested:
		return e.then(ctx, seen, e.core("See whether anything speaks against it", decide.DecideErasure),
			e.erase("Count what there is of the subject, and plan its erasure", stores.PlanErasure))
	case erasure.Planned:
		return e.then(ctx, seen, e.core("Decide whether the plan may be carried out", decide.DecideErasure))
	case erasure.AwaitingApproval, erasure.Held, erasure.Blocked:
		return e.waitForPeople(ctx, seen)
	case erasure.Closing:
		return e.close(ctx, seen)
	case erasure.Tombstoned:
		return e.then(ctx, seen, e.core("Wait until the decision is sealed in the ledger", decide.AwaitTombstoneSeal))
	case erasure.Executing:
		return e.then(ctx, seen, e.erase("Erase in every store", stores.ExecuteErasure))
	case erasure.Verifying:
		return e.then(ctx, seen, e.erase("Look for what is left", stores.VerifyErasure),
			e.core("Judge what was found", decide.DecideErasure))
	case erasure.Answered:
		return e.then(ctx, seen, e.core("Make the first certificate", decide.AnswerErasure))
	case erasure.Waiting:
		return e.waitUntilGone(ctx, seen)
	case erasure.Done, erasure.Cancelled, erasure.Observed:
		return nil
	default:
		return e.park(ctx, failure.Internal)
	}
}

// close closes the subject and decides for good, or takes the closing back.
func (e *erasing) close(ctx workflow.Context, seen erasure.Seen) error {
	var (
		decide *activities.Erasures
		stores *activities.ErasureStores
	)

	if seen.BackTo != "" {
		return e.reopen(ctx, seen)
	}

	return e.then(ctx, seen, e.erase("Close the subject, look once more, keep the keys of what goes", stores.CloseSubject),
		e.core("Decide for good, if everything still holds", decide.CommitTombstone))
}

// reopen takes the closing back. Where that cannot be done, a person is asked to mend it, and it is tried again and
// again: a living account is closed in the app until then.
func (e *erasing) reopen(ctx workflow.Context, seen erasure.Seen) error {
	var (
		decide *activities.Erasures
		stores *activities.ErasureStores
	)

	for _, each := range []errand{
		e.erase("Reopen the subject", stores.ReopenSubject), e.core("Take the closing back", decide.DecideErasure),
	} {
		after, err := e.do(ctx, each)
		if err != nil {
			if err := e.parked(ctx, err); err != nil {
				return err
			}

			return e.pause(ctx, reopenAgain, "Wait until the subject can be reopened")
		}

		if after.Stage != seen.Stage {
			return nil
		}
	}

	return nil
}

// waitForPeople waits until somebody acts, or a hold ends. Silence decides nothing: the
// case is looked at again, and waits on.
func (e *erasing) waitForPeople(ctx workflow.Context, seen erasure.Seen) error {
	var decide *activities.Erasures

	after, err := e.do(ctx, e.core("See whether somebody has decided", decide.DecideErasure))
	if err != nil || after.Stage != seen.Stage {
		return err
	}

	return e.pause(ctx, erasureLook, "Wait for a person: "+seen.Stage.Text())
}

// waitUntilGone waits for the day by which it is gone everywhere, verifies once more, and
// ends. Where a store cannot say by when, or has failed, it looks each day.
func (e *erasing) waitUntilGone(ctx workflow.Context, seen erasure.Seen) error {
	var (
		decide *activities.Erasures
		stores *activities.ErasureStores
	)

	after, err := e.do(ctx, e.core("See whether somebody asks for another try", decide.DecideErasure))
	if err != nil || after.Stage != seen.Stage {
		return err
	}

	if left := seen.GoneBy.Add(erasureMargin).Sub(workflow.Now(ctx)); !seen.GoneBy.IsZero() && left > 0 {
		return e.pause(ctx, left, "Wait until it is gone everywhere")
	}

	for _, each := range []errand{
		e.erase("Look for what is left, once more", stores.VerifyErasure),
		e.core("Judge what was found", decide.DecideErasure),
		e.erase("Remove what was kept for a restore, if it is gone everywhere", stores.ForgetErasure),
		e.core("Make the final certificate, if it is gone everywhere", decide.FinishErasure),
	} {
		if after, err = e.do(ctx, each); err != nil {
			return e.parked(ctx, err)
		}

		if after.Stage != erasure.Waiting {
			return nil
		}
	}

	if after.GoneBy.After(workflow.Now(ctx)) {
		return nil
	}

	return e.pause(ctx, erasureLook, "A store is still open: look again tomorrow")
}

// pause waits until the time is over or there is news. A cancelled wait is no end of it.
func (e *erasing) pause(ctx workflow.Context, wait time.Duration, why string) error {
	timer, stop := workflow.WithCancel(ctx)
	defer stop()

	e.progress.show(ctx, why, true)

	over := workflow.NewTimerWithOptions(timer, wait, workflow.TimerOptions{Summary: why})
	workflow.NewSelector(ctx).
		AddFuture(over, func(workflow.Future) {}).
		AddReceive(e.news, func(workflow.ReceiveChannel, bool) { e.hear() }).
		Select(ctx)

	return ctx.Err()
}

// hear takes the signals that wait: all of them say the same.
func (e *erasing) hear() {
	for e.news.ReceiveAsync(nil) {
		continue
	}
}

// errand is one activity, with its queue and what it is for.
type errand struct {
	what  string
	queue string
	do    any
}

func (e *erasing) core(what string, do any) errand { return errand{what, CoreQueue, do} }

func (e *erasing) erase(what string, do any) errand { return errand{what, EraseQueue, do} }

// then does one thing after the other while the stage stays the same, and stops the case where
// one of them cannot be done.
func (e *erasing) then(ctx workflow.Context, seen erasure.Seen, all ...errand) error {
	for _, each := range all {
		after, err := e.do(ctx, each)
		if err != nil {
			return e.parked(ctx, err)
		}

		if after.Stage != seen.Stage || after.BackTo != seen.BackTo {
			return nil
		}
	}

	return nil
}

// do runs one activity until it ends well, for a day at most.
func (e *erasing) do(ctx workflow.Context, one errand) (after erasure.Seen, err error) {
	left := e.Patience.Of(erasureStep)

	step := e.quick(ctx, left, one.queue, one.what)
	if one.queue == EraseQueue {
		step = withoutTries(e.bulk(ctx, left, one.queue, one.what))
	}

	e.progress.show(ctx, one.what, false)

	err = workflow.ExecuteActivity(step, one.do, e.id).Get(ctx, &after)

	return after, err
}

// withoutTries lets what only a person can mend stop a step at its first try: nobody would see a
// case that is tried for a day.
func withoutTries(ctx workflow.Context) workflow.Context {
	options := workflow.GetActivityOptions(ctx)
	retries := *options.RetryPolicy

	for _, code := range []failure.Code{failure.MapUnfit, failure.RouteChanged, failure.StoreRefuses, failure.CaseKeyWrong} {
		retries.NonRetryableErrorTypes = append(retries.NonRetryableErrorTypes, string(code))
	}

	options.RetryPolicy = &retries

	return workflow.WithActivityOptions(ctx, options)
}

// look reads how the case stands, and shows it.
func (e *erasing) look(ctx workflow.Context) (seen erasure.Seen, err error) {
	var decide *activities.Erasures

	if seen, err = e.do(ctx, e.core("See how the case stands", decide.LookAtErasure)); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return seen, err
	}

	e.progress.saw(seen)
	e.progress.show(ctx, "", false)

	if seen.Stage != e.shown {
		updates := []temporal.SearchAttributeUpdate{PromiseKey.ValueSet("erasure"), StageKey.ValueSet(string(seen.Stage))}
		if seen.Subject != "" {
			updates = append(updates, SubjectKey.ValueSet(seen.Subject))
		}

		if !seen.GoneBy.IsZero() {
			updates = append(updates, DueAtKey.ValueSet(seen.GoneBy))
		}

		stage(ctx, updates...)

		e.shown = seen.Stage
	}

	return seen, nil
}

// parked stops the case for what a step ended with, unless the run itself was cancelled.
func (e *erasing) parked(ctx workflow.Context, failed error) error {
	if temporal.IsCanceledError(failed) {
		return failed
	}

	return e.park(ctx, boundary.CodeOf(failed))
}

func (e *erasing) park(ctx workflow.Context, code failure.Code) error {
	var decide *activities.Erasures

	step := e.quick(ctx, e.Patience.Of(erasureStep), CoreQueue, "Stop until a person has mended what blocks it")

	stop := activities.ErasureStop{Erasure: e.id, Code: code}

	return workflow.ExecuteActivity(step, decide.ParkErasure, stop).Get(ctx, nil)
}
