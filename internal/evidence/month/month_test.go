package month_test

import (
	"context"
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
	"steward/internal/evidence"
	"steward/internal/evidence/month"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// world is a steward that was set up on the first of October.
type world struct {
	*testing.T

	db   *postgres.DB
	from month.Sources
}

func newWorld(t *testing.T) world {
	t.Helper()

	db := pgtest.OpenSteward(t)

	rules, err := policy.Load("../../policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	_, key := ledgertest.Keys(t)
	w := world{t, db, month.Sources{Sources: evidence.Sources{Steward: db}, Key: key, Policy: rules}}
	w.run("insert into installation (installed_at) values ($1)", time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC))

	return w
}

func (w world) run(sql string, args ...any) {
	w.Helper()

	if _, err := w.db.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

// row adds a backup of a day; one that is drilled has its entry.
func (w world) row(database, day, state string) {
	w.Helper()

	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		w.Fatal(err)
	}

	var drilled *time.Time
	if state == "drilled" || state == "pruned" {
		drilled = &at
	}

	id := ids.New("bkp")
	w.run(`insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256, drill_seconds)
		values ($1, $2, $3, $4, $5, 'test', $6, $6, $6, $7, 'hash', 1.2345)`, id, database, day, state, ids.New("att"), at, drilled)

	if _, err := ledger.Append(w.Context(), w.db, ledger.BackupDrilled, at, ledger.BackupBody{Backup: id, Database: database, Day: day}); err != nil {
		w.Fatal(err)
	}
}

func november(w world, database string) month.Asked {
	w.Helper()

	of, err := calendar.ParseMonth("2026-11")
	if err != nil {
		w.Fatal(err)
	}

	return month.Asked{Month: of, Database: database, AsOf: noon()}
}

// Of the time before the month only the newest drilled backup of each database is
// read, with its entries.
func TestGather(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	for _, each := range [][3]string{
		{"app", "2026-10-01", "pruned"},
		{"app", "2026-10-29", "drilled"},
		{"app", "2026-10-30", "bad"},
		{"steward", "2026-10-20", "drilled"},
		{"app", "2026-11-01", "drilled"},
		{"app", "2026-11-02", "running"},
		{"app", "2026-12-01", "drilled"},
		{"old", "2026-11-01", "drilled"},
	} {
		w.row(each[0], each[1], each[2])
	}

	facts, err := month.Gather(t.Context(), w.from, november(w, ""))
	if err != nil {
		t.Fatal(err)
	}

	var days []string
	for _, each := range facts.Backups {
		days = append(days, each.Database+" "+each.Day.String()+" "+each.State)
	}

	want := []string{
		"steward 2026-10-20 drilled", "app 2026-10-29 drilled", "app 2026-11-01 drilled", "old 2026-11-01 drilled",
		"app 2026-11-02 running", "app 2026-12-01 drilled",
	}
	if !slices.Equal(days, want) || len(facts.Entries) != 7 || facts.Backups[1].DrillMS != 1235 && facts.Backups[1].DrillMS != 1234 {
		t.Errorf("%q, %d entries, %d", days, len(facts.Entries), facts.Backups[1].DrillMS)
	}

	if len(facts.Rule.Databases) != 2 || len(facts.Watched) != 2 || facts.Zone.String() != "Europe/Paris" || facts.Ledger.Origin != w.from.Key.Name() {
		t.Errorf("%+v, %+v", facts.Rule, facts.Watched)
	}

	one, err := month.Gather(t.Context(), w.from, november(w, "steward"))
	if err != nil || len(one.Backups) != 1 || len(one.Rule.Databases) != 1 || len(one.Watched) != 1 {
		t.Errorf("%+v, %v", one.Backups, err)
	}
}

func TestWhichMonths(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for text, code := range map[string]failure.Code{
		"2026-09": failure.ReportRefused, "2026-10": "", "2026-11": "", "2026-12": failure.ReportRefused, "9999-12": failure.ReportRefused,
	} {
		of, err := calendar.ParseMonth(text)
		if err != nil {
			t.Fatal(err)
		}

		if _, err := month.Gather(t.Context(), w.from, month.Asked{Month: of, AsOf: noon()}); failure.CodeOf(err) != code {
			t.Errorf("%s: %v", text, err)
		}
	}

	if _, err := month.Gather(t.Context(), w.from, month.Asked{AsOf: noon()}); !failure.Is(err, failure.ReportRefused) {
		t.Error(err)
	}

	if _, err := month.Gather(t.Context(), w.from, november(w, "payroll")); !failure.Is(err, failure.UnknownDatabase) {
		t.Error(err)
	}
}

// Files are read like databases, under a name of their own; a day of which contents
// are left is not gone, whatever became of its manifest.
func TestGatherFiles(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	w.from.Policy.Promises.Backups.Files = []policy.Files{{Name: "uploads", Bucket: "app-uploads"}}

	for _, each := range []struct{ day, state string }{
		{"2026-10-29", "drilled"}, {"2026-10-30", "drilled"}, {"2026-11-01", "pruned"}, {"2026-11-02", "pruned"}, {"2026-11-03", "running"},
	} {
		at, err := time.Parse(time.DateOnly, each.day)
		if err != nil {
			w.Fatal(err)
		}

		var gone *time.Time
		if each.state == "pruned" {
			gone = &at
		}

		id := ids.New("fbk")
		w.run(`insert into file_backups (id, fileset, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, pruned_at,
				manifest_sha256, drill_seconds, files, bytes)
			values ($1, 'uploads', $2, $3, $4, 'test', $5, $5, $5, $5, $6, 'hash', 1.5, 12, 345)`, id, each.day, each.state, ids.New("att"), at, gone)

		for _, backup := range []string{id, ""} { // the manifest's receipt, and one of contents
			if _, err := ledger.Append(w.Context(), w.db, ledger.FilesPruned, at, ledger.FilesBody{Backup: backup, Files: "uploads"}); err != nil {
				w.Fatal(err)
			}
		}
	}

	w.run(`insert into file_contents (id, fileset, object, claimed_by, first_at, newest_at) values ($1, 'uploads', 'x', 'att', $2, $2)`,
		ids.New("cnt"), time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC))

	for _, about := range []string{"", "files/uploads"} {
		facts, err := month.Gather(t.Context(), w.from, november(w, about))
		if err != nil {
			t.Fatal(err)
		}

		var days []string
		for _, each := range facts.Backups {
			days = append(days, each.Database+" "+each.Day.String()[5:]+" "+map[bool]string{true: "-", false: "gone"}[each.PrunedAt.IsZero()])
		}

		want := []string{"files/uploads 10-30 -", "files/uploads 11-01 gone", "files/uploads 11-02 -", "files/uploads 11-03 -"}
		if !slices.Equal(days, want) || facts.Backups[1].Files != 12 || facts.Backups[1].Bytes != 345 || facts.Backups[1].DrillMS != 1500 {
			t.Errorf("%q, %+v", days, facts.Backups)
		}

		if len(facts.Entries) != 4 || !slices.Contains(facts.Rule.Databases, "files/uploads") || facts.Watched["files/uploads"].IsZero() {
			t.Errorf("%d entries, %v, %v", len(facts.Entries), facts.Rule.Databases, facts.Watched)
		}
	}

	if one, err := month.Gather(t.Context(), w.from, november(w, "app")); err != nil || len(one.Backups) != 0 {
		t.Errorf("%+v, %v", one.Backups, err)
	}
}

// nth fails the nth outside call.
type nth struct{ left int }

func (f *nth) Next(context.Context, faults.Call) faults.Mode {
	f.left--
	if f.left == 0 {
		return faults.Before
	}

	return faults.Pass
}

func TestWhatCannotBeRead(t *testing.T) {
	t.Parallel()

	w := newWorld(t)

	for n := 1; ; n++ {
		counter := &nth{left: n}

		_, err := month.Gather(faults.With(t.Context(), counter), w.from, november(w, ""))
		if counter.left > 0 {
			if err != nil || n < 8 {
				t.Errorf("after %d calls: %v", n-1, err)
			}

			break
		}

		if !failure.Is(err, failure.Unavailable) {
			t.Errorf("call %d: %v", n, err)
		}
	}

	w.row("app", "2026-11-01", "taken")
	w.run("update backups set snapshot_at = 'infinity'")

	if _, err := month.Gather(t.Context(), w.from, november(w, "")); err == nil {
		t.Error("a snapshot at no time was read")
	}
}

// A head that nobody signed, or that is of another state, is nothing to stand on.
func TestTheHead(t *testing.T) {
	t.Parallel()

	w := newWorld(t)
	signer, key := ledgertest.Keys(t)
	w.from.Key = key

	sign := func(size int64, by note.Signer) string {
		signed, err := ledger.Checkpoint{Origin: by.Name(), Size: size, At: noon()}.Sign(by)
		if err != nil {
			t.Fatal(err)
		}

		return string(signed)
	}
	stranger, _ := ledgertest.Keys(t)

	w.run("alter table ledger.head disable trigger user")
	w.run("update ledger.head set size = 3, root = $1", make([]byte, 32))

	for checkpoint, code := range map[string]failure.Code{
		sign(3, signer): "", sign(4, signer): failure.LedgerTampered, sign(3, stranger): failure.SignatureInvalid, "": failure.SignatureInvalid,
	} {
		w.run("update ledger.head set checkpoint = $1", checkpoint)

		facts, err := month.Gather(t.Context(), w.from, november(w, ""))
		if failure.CodeOf(err) != code || err == nil && (facts.Ledger.Size != 3 || !facts.Ledger.SignedAt.Equal(noon())) {
			t.Errorf("%q: %+v, %v", code, facts.Ledger, err)
		}
	}
}
