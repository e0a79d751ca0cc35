package backup_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/manifest"
	"steward/internal/pgtest"
)

// meanwhile does something once, before the first outside call of its kind after
// the snapshot was exported: between the snapshot and every lock.
type meanwhile struct {
	do   func()
	once sync.Once
	seen int
	lock sync.Mutex
}

// afterSnapshot is the number of the first statement behind the one that exports
// the snapshot and the one that reads the roles: those of the steward database
// and the connection come before.
func (m *meanwhile) Next(_ context.Context, call faults.Call) faults.Mode {
	m.lock.Lock()
	defer m.lock.Unlock()

	if call.Kind == faults.SQL && call.Name == "connect" {
		m.seen = 1
	} else if m.seen > 0 && call.Kind == faults.SQL {
		m.seen++
	}

	// connect, begin, export, roles: the fifth is the first look at the sequences.
	const firstLook = 5
	if m.seen == firstLook {
		m.once.Do(m.do)
	}

	return faults.Pass
}

// A table that is dropped, rewritten or emptied between the snapshot and its lock:
// the attempt fails and is tried again. One that is made in that time is in the
// next backup.
func TestATableChangesBetweenSnapshotAndLock(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small+`
		create table shop.dropped (n int); create table shop.rewritten (n int); create table shop.emptied (n int);
		create table shop.narrowed (n int, gone int);
		insert into shop.rewritten select generate_series(1, 100); insert into shop.emptied select 1; insert into shop.narrowed select 1, 1`)

	for i, c := range []struct {
		sql   string
		codes []failure.Code // none means success
	}{
		{"drop table shop.dropped", []failure.Code{failure.DumpFailed, failure.Unavailable, failure.SourceChanged}},
		// Seen through the old snapshot, a rewritten table is empty.
		{"alter table shop.rewritten alter n type bigint", []failure.Code{failure.SourceChanged}},
		{"truncate shop.emptied", []failure.Code{failure.SourceChanged}},
		{"alter table shop.narrowed drop gone", []failure.Code{failure.DumpFailed, failure.Unavailable}},
		{"create table shop.made (n int); insert into shop.made values (1)", nil},
		{"insert into shop.people (name) values ('late')", nil},
	} {
		opened := b.Open(t, time.Date(2026, 11, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		change := &meanwhile{do: func() { backuptest.Exec(t, b.Source, c.sql) }}
		taken, err := b.Taker.Take(faults.With(t.Context(), change), opened.ID)

		fits := len(c.codes) == 0 && err == nil
		for _, code := range c.codes {
			fits = fits || failure.Is(err, code)
		}

		if !fits || err != nil && !failure.Lookup(failure.CodeOf(err)).Retryable {
			t.Errorf("%s: %+v, %v", c.sql, taken, err)
		}

		if err != nil && b.Ledger(t, opened.ID)["backup.stored"] != 0 {
			t.Errorf("%s: it is called stored", c.sql)
		}

		if taken, err := b.Taker.Take(t.Context(), opened.ID); err != nil || taken.State != catalogue.Taken {
			t.Fatalf("after %s: %+v, %v", c.sql, taken, err)
		}

		if drilled, err := b.Driller.Drill(t.Context(), opened.ID); err != nil || drilled.State != catalogue.Drilled {
			t.Errorf("after %s: %+v, %v", c.sql, drilled, err)
		}
	}
}

// A dump behind a stuck migration fails with a code of its own within its limit,
// and the next attempt finds the way free.
func TestALockQueueEndsWithItsOwnCode(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	b.Taker.LockWait = 200 * time.Millisecond
	opened := b.Open(t, "2026-11-22")

	migration, err := pgx.Connect(t.Context(), b.Source)
	if err != nil {
		t.Fatal(err)
	}
	defer migration.Close(context.WithoutCancel(t.Context()))

	if _, err := migration.Exec(t.Context(), "begin; lock table shop.people in access exclusive mode"); err != nil {
		t.Fatal(err)
	}

	_, err = b.Taker.Take(t.Context(), opened.ID)
	if !failure.Is(err, failure.LockNotGranted) || !failure.Lookup(failure.CodeOf(err)).Retryable {
		t.Errorf("%v", err)
	}

	if names := b.Names(t); len(names) > 0 {
		t.Errorf("it left %v", names)
	}

	// Nothing of the attempt is in the way of who holds the lock, or comes after.
	if _, err := migration.Exec(t.Context(), "set local lock_timeout = '30s'; alter table shop.people add more int; commit"); err != nil {
		t.Fatal(err)
	}

	if _, err := b.Taker.Take(t.Context(), opened.ID); err != nil {
		t.Error(err)
	}
}

// A role that sees a part of the rows makes no backup of that part; with
// BYPASSRLS it makes one of all.
func TestRowSecurityIsAllOrNothing(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small+`
		do $$ begin create role edge_partial login; exception when duplicate_object or unique_violation then null; end $$;
		do $$ begin create role edge_whole login bypassrls; exception when duplicate_object or unique_violation then null; end $$;
		grant pg_read_all_data to edge_partial, edge_whole;
		alter table shop.people enable row level security;
		create policy few on shop.people for select to edge_partial using (id < 5)`)
	opened := b.Open(t, "2026-11-22")
	as := func(role string) string { return strings.Replace(b.Source, "//postgres@", "//"+role+"@", 1) }

	b.Taker.Source = as("edge_partial")
	if _, err := b.Taker.Take(t.Context(), opened.ID); !failure.Is(err, failure.SourceUnreadable) {
		t.Errorf("%v", err)
	}

	if names := b.Names(t); len(names) > 0 {
		t.Errorf("a part was stored: %v", names)
	}

	b.Taker.Source = as("edge_whole")

	taken, err := b.Taker.Take(t.Context(), opened.ID)
	if err != nil || taken.Rows != 20 {
		t.Fatalf("%+v, %v", taken, err)
	}

	if _, err := b.Driller.Drill(t.Context(), opened.ID); err != nil {
		t.Error(err)
	}

	// It does not read large objects without a grant, and says so.
	backuptest.Exec(t, b.Source, "select lo_from_bytea(0, 'a large object')")

	if _, err := b.Taker.Take(t.Context(), b.Open(t, "2026-11-23").ID); !failure.Is(err, failure.SourceUnreadable) {
		t.Errorf("%v", err)
	}
}

// Between two days the database moves to a new cluster: positions of the log and
// sequences go back. The manifest says which cluster it was.
func TestTheDatabaseMovesToANewCluster(t *testing.T) {
	t.Setenv("STEWARD_PG_FRESH", "") // copies of a cluster call themselves the same
	b := backuptest.New(t, backuptest.Small+`select setval('shop.people_id_seq', 5000)`)

	moved := pgtest.Own(t)

	open := func(taken catalogue.Backup) manifest.Manifest {
		document, err := manifest.Open(b.Read(t, taken.ManifestObject, taken.ManifestGen), b.Driller.Verifier)
		if err != nil {
			t.Fatal(err)
		}

		return document
	}

	before := open(b.Drilled(t, "2026-11-22"))
	b.Taker.Source = moved.Database(t)
	backuptest.Exec(t, b.Taker.Source, backuptest.Small)

	after := open(b.Drilled(t, "2026-11-23"))
	if before.System == "" || after.System == "" || before.System == after.System {
		t.Errorf("clusters %q and %q", before.System, after.System)
	}

	if now, then := after.Content.Sequences[0].After.Last, before.Content.Sequences[0].After.Last; now >= then {
		t.Errorf("the sequence went from %d to %d", then, now)
	}
}

// A second database starts to be backed up: it has its own days.
func TestASecondDatabaseIsAdded(t *testing.T) {
	t.Parallel()

	b := backuptest.New(t, backuptest.Small)
	first := b.Row(t, b.Drilled(t, "2026-11-22").ID)

	opened, err := catalogue.Open(t.Context(), b.Steward, catalogue.Backup{
		ID: "bkp_bbbbbbbbbbbbbbbbbbbbbbbbbb", Database: "billing", Day: "2026-11-22", Attempt: "att_bbbbbbbbbbbbbbbbbbbbbbbbbb",
		Owner: "test", OpenedAt: b.Taker.Clock.Now(),
	})
	if err != nil || opened.ID == first.ID || opened.State != catalogue.Running {
		t.Fatalf("%+v, %v", opened, err)
	}

	b.Taker.Source = pgtest.Database(t)
	backuptest.Exec(t, b.Taker.Source, "create table invoices (n int); insert into invoices values (1), (2)")

	if _, err := b.Taker.Take(t.Context(), opened.ID); err != nil {
		t.Fatal(err)
	}

	second, err := b.Driller.Drill(t.Context(), opened.ID)
	if err != nil || second.Rows != 2 {
		t.Fatalf("%+v, %v", second, err)
	}

	if again := b.Row(t, first.ID); again != first {
		t.Errorf("the first database's backup became %+v", again)
	}
}
