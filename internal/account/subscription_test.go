package account_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

func TestEventsAreChecked(t *testing.T) {
	t.Parallel()

	later := now.AddDate(3, 0, 0)

	for _, c := range []struct {
		event account.Event
		code  failure.Code
	}{
		{account.Event{Kind: account.PaidUntil, At: now, PaidUntil: later}, ""},
		{account.Event{Kind: account.PaidUntil, At: now, PaidUntil: now.AddDate(-1, 0, 0)}, ""},
		{account.Event{Kind: account.PaidUntil, At: now}, failure.EventRefused},
		{account.Event{Kind: account.PaidUntil, PaidUntil: later}, failure.EventRefused},
		{account.Event{Kind: account.PaidUntil, At: now, PaidUntil: now.AddDate(20, 0, 1)}, failure.EventRefused},
		{account.Event{Kind: account.PaidUntil, At: now, PaidUntil: time.Unix(1, 0)}, failure.EventRefused},
		{account.Event{Kind: account.Payment, At: now}, ""},
		{account.Event{Kind: account.Payment, At: now, PaidUntil: later}, ""},
		{account.Event{Kind: account.Payment, At: now.Add(time.Hour)}, failure.SignInFuture},
		{account.Event{Kind: account.Cancelled, At: now}, ""},
		{account.Event{Kind: account.Cancelled, At: now, PaidUntil: later}, failure.EventRefused},
		{account.Event{Kind: account.Cancelled, At: time.Unix(1, 0)}, failure.SignTooOld},
		{account.Event{Kind: "refunded", At: now}, failure.EventRefused},
	} {
		if _, err := c.event.Check(now); failure.CodeOf(err) != c.code {
			t.Errorf("%+v: %v", c.event, err)
		}
	}
}

// TestAnyOrderOfEvents brings the same events in two random orders with repeats: the
// rows end the same, and as a model of a few lines says.
func TestAnyOrderOfEvents(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	run := 0

	rapid.Check(t, func(r *rapid.T) {
		run++

		events := rapid.SliceOfN(rapid.Custom(drawEvent), 1, 8).Draw(r, "events")
		first := append(rapid.Permutation(events).Draw(r, "first order"), events[0])
		second := rapid.Permutation(append(events, events[len(events)-1])).Draw(r, "second order")

		got := [2]account.Account{}

		for n, order := range [][]account.Event{first, second} {
			id := fmt.Sprintf("%d%d", run, n)

			for _, event := range order {
				event.Account = id
				must(t, account.Apply(t.Context(), db, event, now))
			}

			got[n] = get(t, db, id)
			got[n].ID, got[n].Signs = "", 0
		}

		if diff := cmp.Diff(got[0], got[1]); diff != "" {
			r.Errorf("the order matters: %s", diff)
		}

		if diff := cmp.Diff(model(events), got[0]); diff != "" {
			r.Errorf("not as the model says: %s", diff)
		}
	})
}

func drawEvent(r *rapid.T) account.Event {
	event := account.Event{
		Kind: rapid.SampledFrom([]account.EventKind{account.PaidUntil, account.Payment, account.Cancelled}).Draw(r, "kind"),
		At:   now.Add(-time.Duration(rapid.IntRange(0, 4).Draw(r, "age")) * time.Hour),
	}

	if event.Kind == account.PaidUntil || event.Kind == account.Payment && rapid.Bool().Draw(r, "says until when") {
		event.PaidUntil = now.AddDate(0, rapid.IntRange(-3, 3).Draw(r, "months"), 0)
	}

	return event
}

func model(events []account.Event) account.Account {
	end := account.Account{State: account.Alive, RegisteredAt: now}

	for _, e := range events {
		switch {
		case e.Kind == account.Payment && e.At.After(end.PaidAt):
			end.PaidAt = e.At
		case e.Kind == account.Cancelled && e.At.After(end.CancelledAt):
			end.CancelledAt = e.At
		}

		later := e.At.After(end.PaidUntilSaidAt) || e.At.Equal(end.PaidUntilSaidAt) && e.PaidUntil.After(end.PaidUntil)
		if !e.PaidUntil.IsZero() && later {
			end.PaidUntil, end.PaidUntilSaidAt = e.PaidUntil, e.At
		}
	}

	return end
}

func TestSubscribed(t *testing.T) {
	t.Parallel()

	hour := func(n int) time.Time { return now.Add(time.Duration(n) * time.Hour) }

	for _, c := range []struct {
		account account.Account
		want    bool
	}{
		{account.Account{}, false},
		{account.Account{PaidAt: hour(1)}, true},
		{account.Account{PaidUntilSaidAt: hour(1)}, true},
		{account.Account{CancelledAt: hour(1)}, false},
		{account.Account{PaidAt: hour(1), CancelledAt: hour(2)}, false},
		{account.Account{PaidAt: hour(1), CancelledAt: hour(2), PaidUntilSaidAt: hour(3)}, true},
		{account.Account{PaidAt: hour(2), CancelledAt: hour(2)}, true},
	} {
		if got := c.account.Subscribed(); got != c.want {
			t.Errorf("%+v: %v", c.account, got)
		}
	}
}
