package entries_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func write(t *testing.T, db *postgres.DB, kind ledger.Kind, at time.Time, body ledger.Body) ledger.ID {
	t.Helper()

	id, err := ledger.Append(t.Context(), db, kind, at, body)
	if err != nil {
		t.Fatal(err)
	}

	return id
}

// A kind of a later version is read like any other.
func TestRead(t *testing.T) {
	t.Parallel()

	db, one, other := pgtest.OpenSteward(t), ids.New("bkp"), ids.New("bkp")
	snapshot := start().Add(-time.Minute)

	stored := write(t, db, ledger.BackupStored, start(), ledger.BackupBody{
		Backup: one, Database: "app", Day: "2026-11-22", ManifestSHA256: "ab", SnapshotAt: &snapshot,
	})
	write(t, db, ledger.BackupStored, start(), ledger.BackupBody{Backup: other, Database: "app", Day: "2026-11-21"})
	act := write(t, db, ledger.ActIntended, start().Add(time.Hour), ledger.ActBody{Act: "act_x", Actor: "stf_x", Role: "operator", Verb: "v", Object: one})
	broken := write(t, db, ledger.PromiseBroken, start().Add(time.Hour), ledger.PromiseBody{Promise: "backups/app", Code: "backups.broken", Since: start()})
	write(t, db, ledger.Observed, start(), ledger.ObservedBody{What: "w", Object: "o", Code: "c"})

	_, err := db.Exec(t.Context(), `insert into ledger.entries (id, kind, at, body) values ($1, 'backup.exception_begun', $2, $3)`,
		ids.New("led"), start().Add(2*time.Hour), `{"backup":"`+one+`","code":"last_drilled"}`)
	if err != nil {
		t.Fatal(err)
	}

	_, err = db.Exec(t.Context(), `update ledger.entries set position = 0, leaf_hash = sha256('') where id = $1`, string(broken))
	if err != nil {
		t.Fatal(err)
	}

	found, err := entries.OfBackup(t.Context(), db, one)
	if err != nil || len(found) != 3 || found[0].ID != stored || found[1].ID != act || found[2].Kind != "backup.exception_begun" || found[0].Sealed() {
		t.Fatalf("%+v, %v", found, err)
	}

	about, err := found[0].About()
	want := entries.About{Backup: one, Database: "app", Day: "2026-11-22", ManifestSHA256: "ab", SnapshotAt: snapshot}

	if diff := cmp.Diff(want, about); diff != "" || err != nil {
		t.Error(diff, err)
	}

	since, err := entries.Since(t.Context(), db, start().Add(time.Minute))
	if err != nil || len(since) != 2 || since[0].ID != broken || !since[0].Sealed() || since[0].Position != 0 {
		t.Errorf("%+v, %v", since, err)
	}

	if about, err := since[0].About(); err != nil || about.Promise != "backups/app" || about.Code != "backups.broken" {
		t.Errorf("%+v, %v", about, err)
	}
}

func TestNothingIsGuessed(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	for _, id := range []string{"", "%", "bkp_", `bkp_"`} {
		if _, err := entries.OfBackup(t.Context(), db, id); !failure.Is(err, failure.UnknownBackup) {
			t.Errorf("%q: %v", id, err)
		}
	}

	broken := entries.Entry{Entry: ledger.Entry{Body: []byte("half")}}
	if _, err := broken.About(); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}

	ctx := faults.With(t.Context(), always{})
	if _, err := entries.Since(ctx, db, start()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	if _, err := entries.OfBackup(ctx, db, ids.New("bkp")); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}

// always fails every outside call.
type always struct{}

func (always) Next(context.Context, faults.Call) faults.Mode { return faults.Before }
