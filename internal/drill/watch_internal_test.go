package drill

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// session runs a statement that does not end by itself, and gives what stops it.
func session(t *testing.T, at, sql string) (stop func()) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())

	var done sync.WaitGroup

	done.Go(func() {
		if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err == nil {
			t.Errorf("%s ended by itself", sql)
		}
	})

	return func() {
		cancel()
		done.Wait()

		_ = conn.Close(t.Context()) // cancelling has closed it
	}
}

// await asks until the answer is the wanted one.
func await(t *testing.T, s *scratch, want bool) {
	t.Helper()

	for {
		busy, err := s.busy(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		if busy == want {
			return
		}
	}
}

// A statement at work is progress, one that waits for a lock is none.
func TestBusy(t *testing.T) {
	t.Parallel()

	at := pgtest.Database(t)

	parsed, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}

	parsed.Path, parsed.RawQuery = "/postgres", "sslmode=disable"

	admin, err := postgres.Open(t.Context(), parsed.String())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()

	told := make(chan int64, 1)
	s := &scratch{admin: admin, name: strings.TrimPrefix(mustPath(t, at), "/"), Driller: &Driller{Progress: func(_ string, bytes int64) {
		select {
		case told <- bytes:
		default:
		}
	}}}

	await(t, s, false)

	stop := session(t, at, "select count(*) from generate_series(1, 1e15)")

	await(t, s, true)

	err = s.watched(t.Context(), time.Millisecond, func(context.Context) error {
		if bytes := <-told; bytes != AtWork {
			t.Errorf("told %d", bytes)
		}

		return nil
	})
	if err != nil {
		t.Error(err)
	}

	stop()
	await(t, s, false)
}

func mustPath(t *testing.T, at string) string {
	t.Helper()

	parsed, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}

	return parsed.Path
}

// A backend that is stuck behind a lock is not at work.
func TestALockIsNoWork(t *testing.T) {
	t.Parallel()

	at := pgtest.Database(t)

	admin, err := postgres.Open(t.Context(), pgtest.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()

	holder, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(t.Context())

	if _, err := holder.Exec(t.Context(), "select pg_advisory_lock(1)"); err != nil {
		t.Fatal(err)
	}

	stop := session(t, at, "select pg_advisory_lock(1)")
	defer stop()

	name := strings.TrimPrefix(mustPath(t, at), "/")

	for waiting := false; !waiting; {
		err := admin.QueryRow(t.Context(), `select exists (select from pg_stat_activity where datname = $1 and wait_event_type = 'Lock')`, name).Scan(&waiting)
		if err != nil {
			t.Fatal(err)
		}
	}

	if busy, err := (&scratch{admin: admin, name: name}).busy(t.Context()); busy || err != nil {
		t.Error(busy, err)
	}
}
