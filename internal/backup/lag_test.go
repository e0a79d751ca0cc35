package backup_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/backup"
	"steward/internal/backuptest"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

// replicated is a source that is written to all the time, and its replica.
func replicated(t *testing.T) (b *backuptest.Bench, replica string) {
	t.Helper()

	source := pgtest.Own(t)

	standby, err := source.Standby(context.WithoutCancel(t.Context()))
	if err != nil {
		t.Fatal(err)
	}

	pgtest.EndWith(t, standby)

	b = backuptest.New(t, "")
	b.Taker.Source = source.Database(t)
	backuptest.Exec(t, b.Taker.Source, backuptest.Small)
	keepWriting(t, source.Database(t))

	return b, standby.URL("postgres")
}

// keepWriting commits again and again until the test ends: a replica without work has
// no lag.
func keepWriting(t *testing.T, at string) {
	t.Helper()
	backuptest.Exec(t, at, "create table ticks (n int)")

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() {
		for ctx.Err() == nil {
			if _, err := conn.Exec(ctx, "insert into ticks values (1)"); err != nil && ctx.Err() == nil {
				ended <- err

				return
			}

			<-time.After(20 * time.Millisecond)
		}

		ended <- nil
	}()

	t.Cleanup(func() {
		stop()

		if err := errors.Join(<-ended, conn.Close(context.WithoutCancel(ctx))); err != nil {
			t.Error(err)
		}
	})
}

// delay lets the replica replay each commit so much later.
func delay(t *testing.T, replica, by string) {
	t.Helper()
	backuptest.Exec(t, replica, "alter system set recovery_min_apply_delay = '"+by+"'")
	backuptest.Exec(t, replica, "select pg_reload_conf()")
}

// lagging waits until the source sees its replica behind by more than that.
func lagging(t *testing.T, source string, by time.Duration) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	for behind := false; !behind; {
		err := conn.QueryRow(ctx, "select coalesce(max(replay_lag) > $1, false) from pg_stat_replication", by).Scan(&behind)
		if err != nil {
			t.Fatal(err)
		}

		<-time.After(20 * time.Millisecond)
	}
}

// A replica that is behind holds the dump, and lets it go when it has caught up.
func TestTheBrakeHoldsUntilTheReplicaHasCaughtUp(t *testing.T) {
	t.Parallel()

	const most = 3 * time.Second

	b, replica := replicated(t)
	id := b.Open(t, "2026-11-22").ID
	longEnough := make(chan struct{})
	reported := false

	b.Taker.Limits = backup.Limits{MaxLag: most, Every: 50 * time.Millisecond}
	b.Taker.Held = func(total time.Duration) {
		if total > time.Second && !reported {
			reported = true

			close(longEnough)
		}
	}

	delay(t, replica, "1h")
	lagging(t, b.Taker.Source, most)

	ended := heldFor(t, b, id, longEnough)

	delay(t, replica, "0")

	if err := <-ended; err != nil {
		t.Fatal(err)
	}

	b.CheckObjects(t, id)
}

// A role that may not see how far a replica is behind is told so before the dump
// begins; a member of pg_monitor may.
func TestALagThatIsHiddenIsRefused(t *testing.T) {
	t.Parallel()

	b, _ := replicated(t)
	b.Taker.Limits = backup.Limits{MaxLag: time.Hour}
	backuptest.Exec(t, b.Taker.Source, "create role blind login; grant pg_read_all_data to blind")

	id := b.Open(t, "2026-11-22").ID
	b.Taker.Source = strings.Replace(b.Taker.Source, "//postgres@", "//blind@", 1)

	if _, err := b.Taker.Take(t.Context(), id); !failure.Is(err, failure.PolicyInvalid) || !strings.Contains(err.Error(), "hidden") {
		t.Errorf("without pg_monitor: %v", err)
	}

	if names := b.Names(t); len(names) > 0 {
		t.Errorf("what was refused left %v", names)
	}

	backuptest.Exec(t, strings.Replace(b.Taker.Source, "//blind@", "//postgres@", 1), "grant pg_monitor to blind")

	if _, err := b.Taker.Take(t.Context(), id); err != nil {
		t.Errorf("with pg_monitor: %v", err)
	}
}
