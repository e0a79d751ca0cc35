package erasure_test

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/account"
	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

// listen adds an endpoint of the app that wants these types, or all.
func (b *bench) listen(t *testing.T, types ...webhook.Type) {
	t.Helper()

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := webhook.Create(ctx, tx, b.keeper, webhook.Wanted{
			URL: "https://app.example.com/hooks", Types: types, CreatedBy: b.lead.ID,
		}, publicnet.Rule{}, b.clock.now)

		return err
	}))
}

// told are the bodies of the events that are queued, in their order.
func (b *bench) told(t *testing.T) []map[string]any {
	t.Helper()

	rows, err := b.root.Query(t.Context(), `select e.body from webhook_events as e join webhook_deliveries as d on d.event = e.id
		order by e.at, e.id`)
	must(t, err)

	bodies, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)

	told := make([]map[string]any, len(bodies))
	for i, body := range bodies {
		must(t, json.Unmarshal([]byte(body), &told[i]))
	}

	return told
}

// happened are the types of the events that are queued.
func (b *bench) happened(t *testing.T) []string {
	t.Helper()

	types := []string{}

	for _, each := range b.told(t) {
		kind, _ := each["type"].(string)
		types = append(types, kind)
	}

	return types
}

// raced takes one step from several places at once. Which of them takes it is open.
func raced(t *testing.T, id string, step doing) {
	t.Helper()

	var at sync.WaitGroup

	for range 4 {
		at.Go(func() {
			if _, err := step(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}

	at.Wait()
}

// The app is told once of each move that concerns it, however often and from how many places
// the step is taken.
func TestTheAppIsTold(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.listen(t)
	opened := b.open(t)
	id := opened.ID

	b.clock.now = b.clock.now.Add(time.Hour)
	raced(t, id, func(ctx context.Context, id string) (erasure.Seen, error) {
		return b.judge.Park(ctx, id, failure.MapUnfit)
	})

	blockedAt := b.clock.now

	b.clock.now = b.clock.now.Add(time.Hour)

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
	}))
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))
	b.until(t, id, erasure.Answered)
	raced(t, id, b.judge.Answer)

	answered, err := erasure.Get(t.Context(), b.root, id)
	must(t, err)

	b.clock.now = answered.GoneBy
	for _, step := range []doing{b.steps(erasure.Seen{Stage: erasure.Waiting})[1], b.eraser.Forget} {
		_, err := step(t.Context(), id)
		must(t, err)
	}

	raced(t, id, b.judge.Finish)
	b.until(t, id, erasure.Done)

	text := func(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }
	event := func(kind string, at time.Time, more map[string]any) map[string]any {
		data := map[string]any{
			"erasure": id, "cause": opened.Cause, "kind": "account", "account": subject, "requested_at": text(opened.OpenedAt),
		}
		maps.Copy(data, more)

		return map[string]any{"type": kind, "timestamp": text(at), "data": data}
	}

	gone := text(answered.GoneBy)
	want := []map[string]any{
		event("erasure.blocked", blockedAt, map[string]any{"stage": "blocked", "stopped_in": "requested", "code": "map_unfit"}),
		event("erasure.answered", answered.StagedAt, map[string]any{"stage": "waiting", "gone_by": gone}),
		event("erasure.done", b.clock.now, map[string]any{"stage": "done", "gone_by": gone}),
	}

	if diff := cmp.Diff(want, b.told(t)); diff != "" {
		t.Error(diff)
	}
}

// A case that stops again is told of again, and so is each time that it is answered.
func TestEachTimeIsTold(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.listen(t)
	id := b.open(t).ID
	b.until(t, id, erasure.AwaitingApproval)
	must(t, b.approve(t, id, b.lead))
	b.until(t, id, erasure.Waiting)

	for range 2 {
		b.clock.now = b.clock.now.Add(time.Hour)

		_, err := b.judge.Park(t.Context(), id, failure.StoreRefuses)
		must(t, err)
		must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Retry(ctx, tx, b.lead, id, b.clock.now)
		}))
		b.until(t, id, erasure.Waiting)
	}

	want := []string{"erasure.answered", "erasure.blocked", "erasure.answered", "erasure.blocked", "erasure.answered"}
	if got := b.happened(t); !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}

// Whoever cancels asks the API; the app is told when it has happened, and not by an endpoint
// that does not want it. That nobody wants it stops no case.
func TestACancelledCaseIsTold(t *testing.T) {
	t.Parallel()

	b := newBench(t)

	cancelled := func() {
		t.Helper()

		b.clock.now = b.clock.now.Add(time.Hour)
		id := b.closing(t)

		must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			return erasure.Cancel(ctx, tx, b.support, id, b.clock.now)
		}))
		b.until(t, id, erasure.Cancelled)

		_, err := b.judge.Decide(t.Context(), id)
		must(t, err)
	}

	cancelled()
	b.listen(t, webhook.ErasureDone, webhook.PromiseBroken)
	cancelled()

	if told := b.told(t); len(told) != 0 {
		t.Errorf("nobody wants it: %v", told)
	}

	b.listen(t, webhook.ErasureCancelled)
	cancelled()

	if got := b.happened(t); !slices.Equal(got, []string{"erasure.cancelled"}) {
		t.Errorf("%q", got)
	}
}

// An erasure that is only planned is told to nobody, also where its plan stops or is stopped.
func TestAPlanOnlyIsToldToNobody(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.listen(t)

	dry := b.opening(t)
	dry.Mode = promise.Observe

	opened, _, err := b.tried(t, dry)
	must(t, err)

	_, err = b.judge.Park(t.Context(), opened.ID, failure.MapUnfit)
	must(t, err)
	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		return erasure.Cancel(ctx, tx, b.lead, opened.ID, b.clock.now)
	}))
	b.until(t, opened.ID, erasure.Cancelled)

	if told := b.told(t); len(told) != 0 {
		t.Errorf("%v", told)
	}
}

// Of a person an event names the case, and not the account that they are in.
func TestOfAPersonOnlyTheCaseIsTold(t *testing.T) {
	t.Parallel()

	b := newBench(t)
	b.listen(t)

	asked := b.opening(t)
	asked.Kind, asked.Identities = plan.Person, erasure.Identities{datamap.Email: {"ada@example.com"}}
	asked.Matches = asked.Identities.Matches(account.LookupKey("a lookup key that is for tests only"))

	var opened erasure.Case

	must(t, b.api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		opened, _, err = erasure.Open(ctx, tx, b.keeper, asked)

		return err
	}))

	if opened.Account != subject || !ids.Valid("tsk", opened.Cause) {
		t.Fatalf("%+v", opened)
	}

	_, err := b.judge.Park(t.Context(), opened.ID, failure.MapUnfit)
	must(t, err)

	at := b.clock.now.UTC().Format(time.RFC3339Nano)
	want := []map[string]any{{"type": "erasure.blocked", "timestamp": at, "data": map[string]any{
		"erasure": opened.ID, "cause": opened.Cause, "kind": "person", "stage": "blocked", "stopped_in": "requested",
		"code": "map_unfit", "requested_at": at,
	}}}

	if diff := cmp.Diff(want, b.told(t)); diff != "" {
		t.Error(diff)
	}
}
