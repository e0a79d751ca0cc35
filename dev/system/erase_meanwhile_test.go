package system_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/faults"
)

// lastMoment is what somebody does while the tombstone is being committed. It says whether they were told that it is
// too late.
type lastMoment struct {
	name string
	do   func(ctx context.Context, world *harness.World, account harness.Account, id string) (tooLate bool, err error)
	// back is where the case goes when it was not.
	back string
}

func lastMoments() []lastMoment {
	return []lastMoment{
		{"a login", func(ctx context.Context, world *harness.World, account harness.Account, _ string) (bool, error) {
			err := world.Ask(ctx, world.Callers.App, http.MethodPost, "/v1/interactions",
				map[string]any{"interactions": []any{map[string]any{"account": account.ID}}}, nil)
			if err != nil && strings.Contains(err.Error(), "account_gone") {
				return true, nil
			}
			return false, err
		}, "awaiting_approval"},
		{"a hold", func(ctx context.Context, world *harness.World, account harness.Account, id string) (bool, error) {
			var set struct {
				TooLate []string `json:"too_late"`
			}
			err := world.Ask(ctx, world.Callers.Lead, http.MethodPost, "/v1/holds", map[string]any{
				"account": account.ID, "basis": "docket 4711", "until": world.Now().Add(day).UTC().Format(time.RFC3339),
			}, &set)
			return slices.Contains(set.TooLate, id), err
		}, "held"},
		{"a cancellation", func(ctx context.Context, world *harness.World, _ harness.Account, id string) (bool, error) {
			err := world.Ask(ctx, world.Callers.Support, http.MethodPost, "/v1/erasures/"+id+"/cancellation", nil, nil)
			if err != nil && strings.Contains(err.Error(), "erasure_decided") {
				return true, nil
			}
			return false, err
		}, "cancelled"},
	}
}

// TestTheLastMomentBeforeATombstone lets a user log in, a lead set a hold and support cancel at each of the calls that
// commit a tombstone: once while that call hangs, so that it is surely before the commit, and at others beside them. Who
// was told that it is too late has the account erased; in every other case nothing has happened to it, and there is no
// tombstone of a living account, which CheckWorld looks for.
func TestTheLastMomentBeforeATombstone(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	began := time.Now()
	late := 0
	for _, each := range lastMoments() {
		if each.at(t, world, harness.Plan{N: 1, Mode: faults.Hang}) {
			t.Errorf("%s before the tombstone came too late", each.name)
		}
		// A tombstone is some seventeen calls; in make test two of them, others with each seed.
		step := 9
		if harness.Soak() {
			step = 1
		}
		for n := 1 + int(harness.TestSeed().Number%uint64(step)); n <= 18; n += step {
			if each.at(t, world, harness.Plan{N: n, Mode: faults.Pass}) {
				late++
			}
		}
	}
	t.Logf("%d came too late, in %s", late, time.Since(began).Round(time.Second))
}

// at lets it happen when a call of the commit comes, and gives whether it came too late.
func (m lastMoment) at(t *testing.T, world *harness.World, plan harness.Plan) (tooLate bool) {
	t.Helper()
	began := time.Now()
	defer func() {
		t.Logf("%s at call %d (%s): %s, too late: %t", m.name, plan.N, plan.Mode, time.Since(began).Round(time.Millisecond), tooLate)
	}()
	account := added(t, world)
	id := asked(t, world, account)
	type answer struct {
		tooLate bool
		err     error
	}
	answers := make(chan answer, 1)
	plan.Counts = func(call harness.Call) bool { return call.Part.Operation == "CommitTombstone" }
	plan.Then = func() {
		tooLate, err := m.do(t.Context(), world, account, id)
		answers <- answer{tooLate, err}
	}
	world.Gate.Arm(plan)
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the call in which "+m.name+" comes", func() bool {
		stage, err := world.Stage(t.Context(), id)
		return world.Gate.Hit() != nil || err == nil && stage == "waiting"
	})
	if world.Gate.Hit() == nil {
		world.Gate.Disarm()
		finish(t, world, id) // it had fewer calls than that
		return false
	}
	got := <-answers
	world.Gate.Disarm()
	if got.err != nil {
		t.Fatalf("%s: %v", m.name, got.err)
	}
	if got.tooLate {
		finish(t, world, id)
	} else {
		m.stopped(t, world, account, id)
	}
	if !harness.Soak() {
		return got.tooLate // what each case has left is there when the world is looked through at its end
	}
	if found, err := world.Check(t.Context()); err != nil || len(found) > 0 {
		t.Fatalf("%s at call %d, too late %t: %v, %v", m.name, plan.N, got.tooLate, found, err)
	}
	return got.tooLate
}

// stopped waits until the case is where it must be, and the account alive in both databases, and ends it.
func (m lastMoment) stopped(t *testing.T, world *harness.World, account harness.Account, id string) {
	t.Helper()
	await(t, world, id, m.back)
	rows, err := harness.Rows(t.Context(), world.StewardURL, `select state || ' ' || (select count(*) from erasure_tombstones where erasure = $2)
		from accounts where id = $1`, account.ID, id)
	if err != nil || !slices.Equal(rows, []string{"alive 0"}) {
		t.Errorf("%s: the account and its tombstones are %v, %v", m.name, rows, err)
	}
	open, err := harness.Rows(t.Context(), world.AppURL, `select 'open' from club.accounts where id = $1::text::bigint and closed_at is null`, account.ID)
	if err != nil || len(open) != 1 {
		t.Errorf("%s: the app has the account closed: %v", m.name, err)
	}
	if m.back != "cancelled" {
		cancel(t, world, id)
		await(t, world, id, "cancelled")
	}
	if err := forgotten(t.Context(), world, id); err != nil {
		t.Error(err)
	}
}

// finish takes a case that is decided to its end.
func finish(t *testing.T, world *harness.World, id string) {
	t.Helper()
	await(t, world, id, "waiting")
	if err := world.PastGoneBy(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	await(t, world, id, "done")
}

// write lets the app write three rows of an account as its own code does: it holds the account while it looks whether that
// is closed. It says whether it wrote.
const write = `with open as (select id from club.accounts where id = $1::text::bigint and closed_at is null for share)
	insert into club.visits (account, member, month, page)
	select open.id, 1, date '2020-11-15', '/canary/Canaryclub page ' || open.id || '/late ' || n
	from open, generate_series(1, 3) as n returning id::text`

// TestAnAppThatWritesMeanwhile lets the app write rows of the account all the time, but while it is closed. What has come
// since a plan sends the case back to its approval; when it was approved once more, all is erased, the last row that was
// written as well.
func TestAnAppThatWritesMeanwhile(t *testing.T) {
	t.Parallel()
	world := harness.New(t, erasing())
	began := time.Now()
	account := added(t, world)
	id := asked(t, world, account)
	written, ended, many := make(chan int, 1), make(chan error, 1), make(chan struct{})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	go func() {
		count, err := writes(ctx, world, account, many)
		written <- count
		ended <- err
	}()
	<-many // more than a plan tolerates
	approvals := 0
	for stage := "awaiting_approval"; stage != "waiting"; approvals++ {
		before, err := plans(t.Context(), world, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := world.Approve(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		eventually(t, "another plan, or the end", func() bool {
			stage, err = world.Stage(t.Context(), id)
			after, failed := plans(t.Context(), world, id)
			return err == nil && failed == nil && (stage == "waiting" || stage == "awaiting_approval" && after != before || stage == "blocked")
		})
		if stage == "blocked" {
			await(t, world, id, "waiting")
		}
	}
	stop()
	count := <-written
	if err := <-ended; err != nil || count == 0 {
		t.Errorf("%d rows were written: %v", count, err)
	}
	if approvals < 2 {
		t.Errorf("%d rows more went under a plan that had none of them", count)
	}
	finish(t, world, id)
	t.Logf("%d rows were written meanwhile, %d approvals, in %s", count, approvals, time.Since(began).Round(time.Millisecond))
}

// plans is how many plans a case has had.
func plans(ctx context.Context, world *harness.World, id string) (string, error) {
	found, err := harness.Rows(ctx, world.StewardURL, `select plan::text from erasures where id = $1`, id)
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("looking for the plans of a case: %w", err)
	}
	return found[0], nil
}

// writes lets the app write until ctx ends, quickly at first, which it says by many, and then as slowly as a person who
// is leaving, and gives the number of rows.
func writes(ctx context.Context, world *harness.World, account harness.Account, many chan<- struct{}) (count int, err error) {
	const quick = 180
	wait := 5 * time.Millisecond
	for {
		made, err := harness.Rows(ctx, world.AppURL, write, account.ID)
		if ctx.Err() != nil {
			return count, nil //nolint:nilerr // it was told to end
		}
		if err != nil {
			return count, err
		}
		if count += len(made); count == quick && len(made) > 0 {
			wait = time.Second
			close(many)
		}
		select {
		case <-ctx.Done():
			return count, nil
		case <-time.After(wait):
		}
	}
}
