package accesslog_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/access"
	"steward/internal/accesslog"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// looks is a database with an access log, as the API sees it, and who is there to look.
func looks(t *testing.T) (*postgres.DB, *credentialtest.Maker) {
	t.Helper()

	at := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	return member(t, at, "steward_api"), credentialtest.New(t, db, now())
}

func count(t *testing.T, db *postgres.DB) int {
	t.Helper()

	found, err := accesslog.List(t.Context(), db, "", 0, 1000)
	must(t, err)

	return len(found)
}

// Whatever differs is an entry of its own; the same within an hour of the clock is none.
func TestAListIsOneEntryAnHour(t *testing.T) {
	t.Parallel()

	api, made := looks(t)
	first, _ := made.Staff(t, access.Support)
	second, _ := made.Staff(t, access.Support)
	promoted, rotated := first, first
	promoted.Role, rotated.Credential = access.Lead, second.Credential

	paris := time.FixedZone("", 5400)

	for _, step := range []struct {
		what      string
		who       access.Principal
		operation access.Operation
		subjects  []string
		at        time.Time
		entries   int
	}{
		{"the first", first, "list-tasks", []string{"43", "42"}, now().Add(time.Minute), 2},
		{"the same", first, "list-tasks", []string{"42", "43"}, now().Add(time.Hour - 1), 0},
		{"earlier in the hour", first, "list-tasks", []string{"42"}, now(), 0},
		{"in another zone's words", first, "list-tasks", []string{"42"}, now().Add(59 * time.Minute).In(paris), 0},
		{"with another token", rotated, "list-tasks", []string{"42"}, now(), 0},
		{"one more subject", first, "list-tasks", []string{"42", "43", "44"}, now(), 1},
		{"another list", first, "list-mail", []string{"42"}, now(), 1},
		{"somebody else", second, "list-tasks", []string{"42"}, now(), 1},
		{"in another role", promoted, "list-tasks", []string{"42"}, now(), 1},
		{"the next hour", first, "list-tasks", []string{"42"}, now().Add(time.Hour), 1},
		{"the hour before", first, "list-tasks", []string{"42"}, now().Add(-1), 1},
	} {
		before := count(t, api)
		must(t, accesslog.LookAll(access.With(t.Context(), step.who), api, step.operation, step.subjects, step.at, accesslog.Keep))

		if got := count(t, api) - before; got != step.entries {
			t.Errorf("%s: %d entries, want %d", step.what, got, step.entries)
		}
	}

	// What came first in the hour gives the time and the token.
	found, err := accesslog.List(t.Context(), api, "43", 0, 10)
	if err != nil || len(found) != 1 || !found[0].At.Equal(now().Add(time.Minute)) || found[0].Credential != first.Credential {
		t.Errorf("%+v, %v", found, err)
	}
}

// The look at one thing is written each time, whether its list was seen or not.
func TestASingleLookIsAlwaysAnEntry(t *testing.T) {
	t.Parallel()

	api, made := looks(t)
	support, _ := made.Staff(t, access.Support)
	ctx := access.With(t.Context(), support)

	must(t, accesslog.LookAll(ctx, api, "get-task", []string{"42"}, now(), accesslog.Keep))

	for range 3 {
		must(t, accesslog.Look(ctx, api, "get-task", "42", now(), accesslog.Keep))
	}

	if got := count(t, api); got != 4 {
		t.Errorf("%d entries", got)
	}
}

// An entry that may end within its hour stands for no other look.
func TestShortPeriodsHaveNoHours(t *testing.T) {
	t.Parallel()

	api, made := looks(t)
	support, _ := made.Staff(t, access.Support)
	ctx := access.With(t.Context(), support)

	for _, keep := range []time.Duration{time.Hour - 1, time.Hour - 1, time.Hour, time.Hour} {
		must(t, accesslog.LookAll(ctx, api, "list-tasks", []string{"42"}, now(), keep))
	}

	if got := count(t, api); got != 3 {
		t.Errorf("%d entries", got)
	}
}

// However many go through the same list at once, in whatever order, it is one entry, and
// there is one even where the first to write it took it back.
func TestCallersAtOnceLeaveOneEntry(t *testing.T) {
	t.Parallel()

	api, made := looks(t)
	support, _ := made.Staff(t, access.Support)
	ctx := access.With(t.Context(), support)

	others, start := errgroup.Group{}, make(chan struct{})

	for n := range 8 {
		others.Go(func() error {
			<-start

			subjects := []string{"42", "43", "44"}
			if n%2 == 1 {
				subjects = []string{"44", "43", "42"}
			}

			return accesslog.LookAll(ctx, api, "list-tasks", subjects, now(), accesslog.Keep)
		})
	}

	// It has written before the others begin, and takes it back while they ask.
	gone := failure.New(failure.Unavailable, "ending a test")
	err := api.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := accesslog.LookAll(ctx, tx, "list-tasks", []string{"43", "42"}, now(), accesslog.Keep); err != nil {
			return err
		}

		close(start)

		return gone
	})
	if !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	must(t, others.Wait()) // a deadlock would be an error

	if got := count(t, api); got != 3 {
		t.Errorf("%d entries of 3 subjects", got)
	}

	broken := faults.With(ctx, &faults.Counter{N: 1, Mode: faults.Before})
	if err := accesslog.LookAll(broken, api, "list-tasks", []string{"42"}, now(), accesslog.Keep); !failure.Is(err, failure.Unavailable) {
		t.Errorf("what could not be asked for was taken as written: %v", err)
	}
}
