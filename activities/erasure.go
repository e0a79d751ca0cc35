package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"steward/internal/drill"
	"steward/internal/erasure"
	"steward/internal/erasure/atwork"
	"steward/internal/erasure/brake"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// Erasures takes the steps of an erasure that belong to the core role: what follows,
// the tombstone, the answers. Each step names the case only; all else is read from the
// database, so that a run that somebody forged leads nowhere that the real one would not go.
type Erasures struct {
	// Judge decides.
	Judge erasure.Judge
}

// ErasureStop names a case that cannot go on, and why.
type ErasureStop struct {
	// Erasure is its id.
	Erasure string
	// Code is that of the step that failed.
	Code failure.Code
}

// LookAtErasure tells how a case stands. It fails with EvidenceMissing in any workflow but the case's own, as
// every step of an erasure does.
func (e *Erasures) LookAtErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return e.own(ctx, id, e.Judge.Look)
}

// DecideErasure takes a case on where approvals, holds and people's acts let it.
func (e *Erasures) DecideErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return e.own(ctx, id, e.Judge.Decide)
}

// CommitTombstone decides a closing for good, or takes it back.
func (e *Erasures) CommitTombstone(ctx context.Context, id string) (erasure.Seen, error) {
	return e.own(ctx, id, e.Judge.CommitTombstone)
}

// AwaitTombstoneSeal lets the execution begin once the tombstone is in the mirror. It
// fails with LedgerBehind until then, which is tried again.
func (e *Erasures) AwaitTombstoneSeal(ctx context.Context, id string) (erasure.Seen, error) {
	return e.own(ctx, id, e.Judge.AwaitSeal)
}

// AnswerErasure makes the first certificate of a verified erasure.
func (e *Erasures) AnswerErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return e.own(ctx, id, e.Judge.Answer)
}

// FinishErasure ends a case that is gone everywhere; any other stays as it is.
func (e *Erasures) FinishErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return e.own(ctx, id, e.Judge.Finish)
}

// ParkErasure stops a case until a person has mended what its code says.
func (e *Erasures) ParkErasure(ctx context.Context, stop ErasureStop) (erasure.Seen, error) {
	return e.own(ctx, stop.Erasure, func(ctx context.Context, id string) (erasure.Seen, error) {
		return e.Judge.Park(ctx, id, stop.Code)
	})
}

func (e *Erasures) own(ctx context.Context, id string, step func(context.Context, string) (erasure.Seen, error)) (erasure.Seen, error) {
	if err := ownErasure(ctx, e.Judge.Steward, id); err != nil {
		return erasure.Seen{}, err
	}

	return step(ctx, id)
}

// ownErasure refuses what another workflow than the case's own asks for: Temporal runs
// one workflow of an id at a time.
func ownErasure(ctx context.Context, q postgres.Queryer, id string) error {
	found, err := erasure.Get(ctx, q, id)
	if err == nil && activity.GetInfo(ctx).WorkflowExecution.ID != ids.Erasure(found.Cause) {
		err = failure.New(failure.EvidenceMissing, "working on an erasure for a workflow that is not its own")
	}

	return err
}

// ErasureStores takes the steps that look into the stores or erase in them. It belongs
// to the erase role, which alone may write in the app's databases.
type ErasureStores struct {
	// Eraser does it.
	Eraser erasure.Eraser
	// Patience scales the timeouts.
	Patience patience.Scale
}

// PlanErasure counts what an erasure will do, and stores that under a hash.
func (s *ErasureStores) PlanErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return s.own(ctx, id, func(ctx context.Context, id string, _ erasure.Beat) (erasure.Seen, error) {
		return s.Eraser.Plan(ctx, id)
	})
}

// CloseSubject closes the subject, looks at everything once more, and keeps the keys of what goes.
func (s *ErasureStores) CloseSubject(ctx context.Context, id string) (erasure.Seen, error) {
	return s.own(ctx, id, func(ctx context.Context, id string, _ erasure.Beat) (erasure.Seen, error) {
		return s.Eraser.Close(ctx, id)
	})
}

// ReopenSubject takes a closing back.
func (s *ErasureStores) ReopenSubject(ctx context.Context, id string) (erasure.Seen, error) {
	return s.own(ctx, id, func(ctx context.Context, id string, _ erasure.Beat) (erasure.Seen, error) {
		return s.Eraser.Reopen(ctx, id)
	})
}

// ExecuteErasure erases in every store.
func (s *ErasureStores) ExecuteErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return s.own(ctx, id, s.Eraser.Erase)
}

// VerifyErasure looks for what is left.
func (s *ErasureStores) VerifyErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return s.own(ctx, id, s.Eraser.Verify)
}

// ForgetErasure removes the replay record of a case that was cancelled, or is gone everywhere; any other's stays.
func (s *ErasureStores) ForgetErasure(ctx context.Context, id string) (erasure.Seen, error) {
	return s.own(ctx, id, func(ctx context.Context, id string, _ erasure.Beat) (erasure.Seen, error) {
		return s.Eraser.Forget(ctx, id)
	})
}

// mayWorkTimeout is long for one SQL statement.
const mayWorkTimeout = 30 * time.Second

// mayWork is ownErasure under a pulse, and with an end: a call that hangs would keep one of the role's few places.
func (s *ErasureStores) mayWork(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(ctx, s.Patience.Of(mayWorkTimeout))
	defer cancel()

	return ownErasure(ctx, s.Eraser.Steward, id)
}

// own does a step that may take long, with heartbeats, which also say how long the brake has held it. What counts and freezes has
// no rows to tell: a database that is busy with it, and each chunk of keys that is kept, is progress.
func (s *ErasureStores) own(
	ctx context.Context, id string, step func(context.Context, string, erasure.Beat) (erasure.Seen, error),
) (seen erasure.Seen, err error) {
	state := newPulse()

	err = state.during(ctx, s.Patience, func(ctx context.Context) (err error) {
		if err := s.mayWork(ctx, id); err != nil {
			return err
		}

		ctx = atwork.With(brake.Telling(ctx, state.hold), func() { state.report("", drill.AtWork) })
		seen, err = step(ctx, id, func(done int64) { state.report("rows", done) })

		return err
	})

	return seen, err
}
