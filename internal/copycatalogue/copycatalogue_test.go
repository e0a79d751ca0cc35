package copycatalogue_test

import (
	"context"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/removal"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// drilled is a proven backup.
func drilled(t *testing.T, db postgres.Queryer, day string) catalogue.Backup {
	t.Helper()

	row, err := catalogue.Open(t.Context(), db, catalogue.Backup{
		ID: ids.New("bkp"), Database: "app", Day: day, Attempt: ids.New("att"), Owner: "test", OpenedAt: start(),
	})
	must(t, err)

	row.SnapshotAt, row.TakenAt, row.ManifestSHA256 = start(), start(), "x"
	must(t, catalogue.RecordTaken(t.Context(), db, row))
	must(t, catalogue.RecordDrilled(t.Context(), db, row.ID, row.Attempt, start(), time.Second))

	return row
}

// The order of states, what stays as it is, and who may write: a copy is the backup
// role's, of what a drill proved, and is never brought back or changed.
func TestWhoMayWriteOfCopies(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	owner, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(owner.Close)

	row := drilled(t, owner, "2026-11-22")
	begin := `insert into backup_copies (backup_id, bucket, location, started_at) values ('` + row.ID + `', 'far', 'far', now())`

	dbs := map[string]*postgres.DB{}
	for _, role := range []string{"steward_core", "steward_backup", "steward_drill"} {
		dbs[role], err = postgres.Open(t.Context(), pgtest.Member(t, at, role))
		must(t, err)
		t.Cleanup(dbs[role].Close)
	}

	for _, c := range []struct {
		role, sql string
		allowed   bool
	}{
		{"steward_core", begin, false},
		{"steward_drill", begin, false},
		{"steward_backup", `insert into backup_copies (backup_id, bucket, location, started_at, state) values ('` + row.ID + `', 'far', 'far', now(), 'copied')`, false},
		{"steward_backup", begin, true},
		{"steward_core", `select state from backup_copies`, true},
		{"steward_core", `update backup_copies set reason = 'x'`, false},
		{"steward_backup", `update backup_copies set location = 'near'`, false},
		{"steward_backup", `update backup_copies set state = 'copied'`, false},
		{"steward_backup", `update backup_copies set state = 'copied', copied_at = now(), manifest_gen = 1`, true},
		{"steward_backup", `update backup_copies set manifest_gen = 2`, false},
		{"steward_backup", `update backup_copies set state = 'running'`, false},
		{"steward_backup", `delete from backup_copies`, false},
		{"steward_backup", `update backup_copies set state = 'pruned', pruned_at = now()`, true},
		{"steward_backup", `update backup_copies set state = 'copied'`, false},
	} {
		if _, err := dbs[c.role].Exec(t.Context(), c.sql); (err == nil) != c.allowed {
			t.Errorf("%s: %s: %v", c.role, c.sql, err)
		}
	}
}

// What is over takes no more objects; another bucket knows nothing of it.
func TestACopyThatIsOver(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	row := drilled(t, db, "2026-11-22")
	began := copycatalogue.Copy{Backup: row.ID, Bucket: "far", Location: "far", StartedAt: start()}

	for range 2 {
		got, err := copycatalogue.Begin(t.Context(), db, began)
		if err != nil || got.State != copycatalogue.Running || !got.StartedAt.Equal(start()) {
			t.Errorf("%+v, %v", got, err)
		}
	}

	object := catalogue.Object{Backup: row.ID, Attempt: row.Attempt, Name: "a", Kind: "archive", Generation: 7, Bytes: 1, SHA256: "x"}

	for _, want := range []string{"", "half"} {
		if token, err := copycatalogue.Announce(t.Context(), db, "far", object); err != nil || token != want {
			t.Errorf("%q, %v", token, err)
		}

		must(t, copycatalogue.Advance(t.Context(), db, "far", "a", "half"))
	}

	must(t, copycatalogue.Stored(t.Context(), db, "far", object))

	began.CopiedAt, began.ManifestGen = start(), 7
	must(t, copycatalogue.RecordCopied(t.Context(), db, began))

	for what, err := range map[string]error{
		"copied again":        copycatalogue.RecordCopied(t.Context(), db, began),
		"never announced":     copycatalogue.Stored(t.Context(), db, "farther", object),
		"an object too late":  announce(t, db, "far", object),
		"an object elsewhere": announce(t, db, "farther", object),
	} {
		if !failure.Is(err, failure.DayTaken) {
			t.Errorf("%s: %v", what, err)
		}
	}

	wanting, err := copycatalogue.Wanting(t.Context(), db, "farther")
	if err != nil || len(wanting) != 1 || wanting[0] != row.ID {
		t.Errorf("%v, %v", wanting, err)
	}

	if wanting, err := copycatalogue.Wanting(t.Context(), db, "far"); err != nil || len(wanting) != 0 {
		t.Errorf("%v, %v", wanting, err)
	}

	if rows, err := (copycatalogue.Shelf{Bucket: "farther"}).List(t.Context(), db); err != nil || len(rows) != 0 {
		t.Errorf("%v, %v", rows, err)
	}
}

func announce(t *testing.T, db postgres.Queryer, bucket string, object catalogue.Object) error {
	t.Helper()

	_, err := copycatalogue.Announce(t.Context(), db, bucket, object)

	return err
}

func replaced(ctx context.Context, db postgres.Queryer) error {
	_, _, err := copycatalogue.RecordReplaced(ctx, db, "far", catalogue.Finding{}, start())

	return err
}

// always fails every outside call.
type always struct{}

func (always) Next(context.Context, faults.Call) faults.Mode { return faults.Before }

// A database that does not answer is told as such by every question and every note.
func TestADatabaseThatDoesNotAnswer(t *testing.T) {
	t.Parallel()

	db, ctx := pgtest.OpenSteward(t), faults.With(t.Context(), always{})

	var shelf removal.Records = copycatalogue.Shelf{Bucket: "far"}

	first := func(_ any, err error) error { return err }

	for what, err := range map[string]error{
		"begin":      first(copycatalogue.Begin(ctx, db, copycatalogue.Copy{})),
		"of":         first(copycatalogue.Of(ctx, db, "x")),
		"every":      first(copycatalogue.Every(ctx, db)),
		"wanting":    first(copycatalogue.Wanting(ctx, db, "far")),
		"buckets":    first(copycatalogue.Buckets(ctx, db, start())),
		"reopen":     first(copycatalogue.Reopen(ctx, db, "x", "far")),
		"anew":       first(copycatalogue.Anew(ctx, db, copycatalogue.Copy{})),
		"replaced":   replaced(ctx, db),
		"announce":   first(copycatalogue.Announce(ctx, db, "far", catalogue.Object{})),
		"advance":    copycatalogue.Advance(ctx, db, "far", "a", "t"),
		"stored":     copycatalogue.Stored(ctx, db, "far", catalogue.Object{}),
		"copied":     copycatalogue.RecordCopied(ctx, db, copycatalogue.Copy{}),
		"list":       first(shelf.List(ctx, db)),
		"exceptions": first(shelf.Exceptions(ctx, db)),
		"announced":  first(shelf.EveryAnnounced(ctx, db)),
		"objects":    first(shelf.EveryObject(ctx, db, "x")),
		"pruned":     shelf.RecordPruned(ctx, db, "x", start(), ""),
		"orphan":     shelf.RecordOrphanGone(ctx, db, "x", start()),
		"back":       shelf.RecordBack(ctx, db, "x"),
		"missing":    first(shelf.RecordMissing(ctx, db, catalogue.Finding{}, start())),
		"overdue":    first(shelf.RecordOverdue(ctx, db, catalogue.Finding{}, start(), "x", start())),
		"exception":  first(shelf.RecordException(ctx, db, catalogue.Exception{})),
		"end":        first(shelf.EndException(ctx, db, catalogue.Exception{})),
		"honoured":   first(shelf.RecordHonoured(ctx, db, catalogue.Exception{})),
		"released":   shelf.RecordReleased(ctx, db, "x", start()),
	} {
		if !failure.Is(err, failure.Unavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
