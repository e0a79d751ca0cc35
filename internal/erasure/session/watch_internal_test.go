package session

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/atwork"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A statement that takes long is told as work while it runs; one that waits for somebody's lock is not, and nothing is
// told once the session is closed.
func TestABusyServerIsProgress(t *testing.T) {
	t.Parallel()

	const every = 50 * time.Millisecond

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	told := make(chan struct{}, 10_000)
	ctx := atwork.With(t.Context(), func() { told <- struct{}{} })

	s, err := open(ctx, db, every)
	if err != nil {
		t.Fatal(err)
	}

	slept := make(chan error, 1)

	go func() {
		_, err := s.Exec(ctx, "select pg_sleep(600)")
		slept <- err
	}()

	<-told

	if _, err := db.Exec(t.Context(), "select pg_cancel_backend($1)", int64(s.pid)); err != nil {
		t.Fatal(err)
	}

	if err := <-slept; err == nil {
		t.Error("nobody woke it")
	}

	other, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := other.Exec(ctx, "select pg_advisory_lock(7)"); err != nil {
		t.Fatal(err)
	}

	if _, err := s.Exec(ctx, "set lock_timeout = '1s'"); err != nil {
		t.Fatal(err)
	}

	before := len(told)
	if _, err := s.Exec(ctx, "select pg_advisory_lock(7)"); err == nil {
		t.Error("two have one lock")
	}

	// A look may still see it on its way to the lock; in that second there are twenty.
	if after := len(told) - before; after > 5 {
		t.Errorf("told %d times while it waited for a lock", after)
	}

	other.Close(t.Context())
	s.Close(t.Context())

	select {
	case <-s.watched:
	default:
		t.Error("somebody still looks")
	}
}

// The server compiles no statement of a session, whatever it expects of it.
func TestNothingIsCompiled(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	s, err := Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())

	rows, err := s.Query(t.Context(), "explain select sum(n) from generate_series(1, 1e8::bigint) as n, generate_series(1, 1e8::bigint) as m")
	if err != nil {
		t.Fatal(err)
	}

	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if told := strings.Join(plan, "\n"); err != nil || !strings.Contains(told, "Nested Loop") || strings.Contains(told, "JIT") {
		t.Error(told, err)
	}
}
