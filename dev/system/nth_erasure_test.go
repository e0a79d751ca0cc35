package system_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"steward/dev/harness"
	"steward/internal/erasure/motor"
	"steward/internal/faults"
	"steward/internal/ledger/seal"
)

const (
	// erasurePoints is how many calls lie between two that fail alone, and of how many one is swept, in make test: an
	// erasure has some sixteen hundred, and one that hangs in a store costs 18 s.
	erasurePoints = 401
	// cancelPoints is the same for cancellations: some four hundred calls are of the steps before the tombstone.
	cancelPoints = 223
	sweptOf      = 40
)

// TestNthErasure is TestNthCall for a whole erasure, from the look at an opened case to its end: whichever call of the
// roles core and erase fails, the account is erased, once, under one tombstone, and nobody else's row is touched. Then
// for one that is cancelled at the very moment of the call: who was told that it is cancelled has the account as it was, and
// no tombstone; who was told that it is too late has it erased.
//
//nolint:tparallel // one loop after the other has the lanes
func TestNthErasure(t *testing.T) {
	t.Parallel()
	step, cancelled, sweeps, worlds := erasurePoints, cancelPoints, sweptOf, make([]*harness.World, lanes-1)
	if harness.Soak() {
		step, cancelled, sweeps = slicesOfPoints, slicesOfPoints, 0
		worlds = make([]*harness.World, 3*lanes-1) // nothing beside them, and hangs are waited for
	}
	for i := range worlds {
		worlds[i] = harness.New(t, erasing())
	}
	for _, each := range []operation{
		{"erasure", harness.Plan{Counts: ofErasures}, erasedOnce, step, sweeps, false},
		{"news", harness.Plan{Counts: ofTheMotor}, erasedOnce, 1, 0, !harness.Soak()}, // there are some four
		{"cancel", harness.Plan{Counts: beforeTheTombstone}, cancelledAt, cancelled, 0, !harness.Soak()},
	} {
		t.Run(each.name, func(t *testing.T) { each.loop(t, worlds) })
	}
}

// ofErasures are the calls of the steps of erasures; the sequencer has a loop of its own.
func ofErasures(call harness.Call) bool {
	switch call.Part.Operation {
	case "", seal.Operation, motor.Operation:
		return false
	default:
		return call.Process != harness.APIProcess
	}
}

// ofTheMotor are the calls by which Temporal is told of cases. What the motor asks the database comes by the clock.
func ofTheMotor(call harness.Call) bool {
	return call.Part.Operation == motor.Operation && call.Kind == faults.HTTP
}

// beforeTheTombstone are the calls of the steps that lead to it, and its own.
func beforeTheTombstone(call harness.Call) bool {
	switch call.Part.Operation {
	case "PlanErasure", "CloseSubject", "CommitTombstone":
		return true
	default:
		return false
	}
}

// erasedOnce erases a new account with one failing call, and says what is wrong when it has ended.
func erasedOnce(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	account, err := world.AddAccount(ctx)
	if err != nil {
		return nil, []string{err.Error()}
	}
	world.Gate.Arm(plan)
	_, err = world.Erase(ctx, account.ID)
	_, hit = world.Gate.Disarm()
	if err = errors.Join(err, world.Settle(look)); err != nil {
		return hit, []string{err.Error()}
	}
	return hit, looked(look, world)
}

// cancelledAt cancels the erasure of a new account when the call comes that fails.
func cancelledAt(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	account, err := world.AddAccount(ctx)
	if err != nil {
		return nil, []string{err.Error()}
	}
	answers := make(chan error, 1)
	plan.Then = func() { answers <- cancelNewest(ctx, world, account) }
	world.Gate.Arm(plan)
	err = cancelledOrErased(ctx, world, account, answers)
	_, hit = world.Gate.Disarm()
	if err = errors.Join(err, world.Settle(look)); err != nil {
		return hit, []string{err.Error()}
	}
	return hit, looked(look, world)
}

// cancelNewest asks for the case of an account to be stopped, and asks again where the API could not: what hangs holds the
// row of the case until its time is over.
func cancelNewest(ctx context.Context, world *harness.World, account harness.Account) error {
	id, err := open(ctx, world, account)
	if err != nil {
		return err
	}
	for {
		err = world.Ask(ctx, world.Callers.Support, http.MethodPost, "/v1/erasures/"+id+"/cancellation", nil, nil)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), `"code":"unavailable"`) {
			return err
		}
	}
}

// cancelledOrErased takes a case to the end that whoever cancelled it was told; without a cancellation it is erased.
func cancelledOrErased(ctx context.Context, world *harness.World, account harness.Account, answers <-chan error) error {
	id, err := world.OpenErasure(ctx, account.ID)
	if err != nil {
		return err
	}
	stage, err := world.Await(ctx, id, "awaiting_approval", "cancelled")
	if err == nil && stage == "awaiting_approval" {
		refused := world.Approve(ctx, id) // of one that was cancelled meanwhile
		if stage, err = world.Await(ctx, id, "waiting", "cancelled"); err != nil {
			err = errors.Join(err, refused)
		}
	}
	if err != nil {
		return err
	}
	told := errNobody
	if world.Gate.Hit() != nil {
		select {
		case told = <-answers:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if (told == nil) != (stage == "cancelled") {
		return fmt.Errorf("whoever cancelled was told %w, and it is %s", told, stage)
	}
	if stage == "cancelled" {
		return forgotten(ctx, world, id)
	}
	if told != errNobody && !strings.Contains(told.Error(), "erasure_decided") { //nolint:errorlint // this very value
		return told
	}
	if err := world.PastGoneBy(ctx, id); err != nil {
		return err
	}
	_, err = world.Await(ctx, id, "done")
	return err
}

// forgotten waits until the replay record of a cancelled case is gone, which follows its end.
func forgotten(ctx context.Context, world *harness.World, id string) error {
	return harness.Until(ctx, func() error {
		left, err := harness.Rows(ctx, world.StewardURL, `select erasure from replay_records where erasure = $1 and gone_at is null`, id)
		if err == nil && len(left) > 0 {
			err = errNotYet
		}
		return err
	})
}

// errNotYet is what is waited for and has not come.
var errNotYet = errors.New("not yet")
