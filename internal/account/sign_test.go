package account_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

func TestPlausible(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		at, want time.Time
		code     failure.Code
	}{
		{time.Time{}, time.Time{}, ""},
		{now, now, ""},
		{now.Add(time.Nanosecond), now, ""},
		{now.Add(clocks.Skew), now, ""},
		{now.Add(clocks.Skew + 1), time.Time{}, failure.SignInFuture},
		{now.AddDate(900, 0, 0), time.Time{}, failure.SignInFuture},
		{now.Add(-time.Hour).In(time.FixedZone("x", 3600)), now.Add(-time.Hour), ""},
		{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), ""},
		{time.Date(1999, 12, 31, 23, 59, 59, 0, time.UTC), time.Time{}, failure.SignTooOld},
		{time.UnixMilli(now.Unix()), time.Time{}, failure.SignTooOld},
	} {
		got, err := account.Plausible(c.at, now)
		if got != c.want || failure.CodeOf(err) != c.code {
			t.Errorf("%v: %v, %v", c.at, got, err)
		}
	}
}

// TestNewestWins brings random signs of a few accounts in random order, cut into
// random calls with repeats, some of them at once: each account ends with the newest
// of what was brought, and never goes back on the way.
func TestNewestWins(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	run := 0

	rapid.Check(t, func(r *rapid.T) {
		run++

		signs := rapid.SliceOfN(rapid.Custom(func(r *rapid.T) account.Sign {
			return account.Sign{
				Account: fmt.Sprintf("%d%03d", run, rapid.IntRange(0, 3).Draw(r, "account")),
				At:      now.Add(-time.Duration(rapid.IntRange(0, 50).Draw(r, "age")) * time.Microsecond),
			}
		}), 1, 40).Draw(r, "signs")
		cuts := rapid.IntRange(1, 5).Draw(r, "signs in a call")

		want := map[string]time.Time{}

		var together sync.WaitGroup

		for n := 0; n < len(signs); n += cuts {
			call := map[string]time.Time{}
			for _, sign := range signs[n:min(n+cuts, len(signs))] {
				if call[sign.Account].Before(sign.At) {
					call[sign.Account] = sign.At
				}
			}

			for id, at := range call {
				if want[id].Before(at) {
					want[id] = at
				}
			}

			together.Go(func() {
				if gone, err := account.Record(t.Context(), db, call, now); err != nil || len(gone) > 0 {
					t.Error(gone, err)
				}
			})

			if rapid.Bool().Draw(r, "wait") {
				together.Wait()

				for id := range call {
					if got := get(t, db, id).LastInteractionAt; got.Before(want[id]) {
						r.Errorf("%s went back from %v to %v", id, want[id], got)
					}
				}
			}
		}

		together.Wait()

		got := map[string]time.Time{}
		for id := range want {
			got[id] = get(t, db, id).LastInteractionAt
		}

		if diff := cmp.Diff(want, got); diff != "" {
			r.Error(diff)
		}
	})
}

// TestRepeatsAreNoNews: what was said once touches no row when it is said again.
func TestRepeatsAreNoNews(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for range 3 {
		record(t, db, "7", now)
	}

	record(t, db, "7", now.Add(-time.Hour))

	if got := get(t, db, "7"); got.Signs != 1 || !got.LastInteractionAt.Equal(now) || got.State != account.Alive || !got.RegisteredAt.Equal(now) {
		t.Errorf("%+v", got)
	}
}

func TestRegister(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	record(t, db, "1", now)

	for _, c := range []struct {
		id            string
		created, want time.Time
		fresh         bool
	}{
		{"1", now.Add(-2 * time.Hour), now.Add(-2 * time.Hour), false},
		{"1", now.Add(-time.Hour), now.Add(-2 * time.Hour), false},
		{"1", time.Time{}, now.Add(-2 * time.Hour), false},
		{"1", now.Add(-3 * time.Hour), now.Add(-3 * time.Hour), false},
		{"2", time.Time{}, time.Time{}, true},
		{"3", now.Add(-time.Hour), now.Add(-time.Hour), true},
	} {
		found, fresh, err := account.Register(t.Context(), db, c.id, c.created, now)
		if err != nil || fresh != c.fresh || !found.CreatedAt.Equal(c.want) || found.ID != c.id {
			t.Errorf("%+v: %+v, %v, %v", c, found, fresh, err)
		}
	}

	if _, _, err := account.Register(t.Context(), db, "4", now.Add(time.Hour), now); !failure.Is(err, failure.SignInFuture) {
		t.Error(err)
	}

	if _, err := account.Get(t.Context(), db, "4"); !failure.Is(err, failure.AccountUnknown) {
		t.Error(err)
	}
}
