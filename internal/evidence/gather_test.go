package evidence_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/calendar"
	"steward/internal/evidence"
	"steward/internal/evidence/history"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// row puts a backup into the catalogue, as far as evidence goes.
func row(t *testing.T, q postgres.Queryer, day, state string, snapshot, drilled, pruned any) {
	t.Helper()
	run(t, q, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, pruned_at, manifest_sha256)
		values ($1, 'app', $2, $3, $4, 'test', $5, $5, $6::timestamptz, $7, $8, 'hash')`,
		ids.New("bkp"), day, state, ids.New("att"), start(), snapshot, drilled, pruned)
}

func TestGather(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at, later, gone := start(), start().Add(20*time.Minute), start().Add(8*24*time.Hour)

	row(t, db, "2026-11-20", "pruned", at, later, gone)
	row(t, db, "2026-11-21", "drilled", at.Add(time.Hour), later, nil)
	row(t, db, "2026-11-22", "bad", at.Add(2*time.Hour), later, gone)
	row(t, db, "2026-11-23", "taken", at.Add(3*time.Hour), nil, nil)
	row(t, db, "2026-11-24", "running", nil, nil, nil)
	run(t, db, "insert into installation (installed_at) values ($1)", at)

	if _, err := ledger.Append(t.Context(), db, ledger.Observed, at, ledger.ObservedBody{What: "w", Object: "o", Code: "c"}); err != nil {
		t.Fatal(err)
	}

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
	if err != nil {
		t.Fatal(err)
	}

	day := calendar.NewDay(2026, 11, 20)
	want := promise.Evidence{
		Armed: map[promise.Key]time.Time{
			{Promise: promise.Backups, Item: "app"}: at, {Promise: promise.Backups, Item: "steward"}: at, {Promise: promise.Ledger}: at,
		},
		Backups: []promise.Backup{
			{Database: "app", Day: day, SnapshotAt: at, DrilledAt: later, GoneAt: gone},
			{Database: "app", Day: day.AddDays(1), SnapshotAt: at.Add(time.Hour), DrilledAt: later},
			{Database: "app", Day: day.AddDays(2), SnapshotAt: at.Add(2 * time.Hour)},
			{Database: "app", Day: day.AddDays(3), SnapshotAt: at.Add(3 * time.Hour)},
		},
		Ledger: promise.LedgerEvidence{OldestUnsealedAt: at},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNothingWasSetUp(t *testing.T) {
	t.Parallel()

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: pgtest.OpenSteward(t)}, demo(t))
	if err != nil || len(got.Armed) != 0 {
		t.Fatalf("%+v, %v", got, err)
	}

	for _, status := range promise.Evaluate(demo(t).Rules(), got, start()) {
		if status.State != promise.Broken || !strings.Contains(status.Reason, "never set up") {
			t.Errorf("%+v", status)
		}
	}
}

// A database that came into the policy later is watched since then.
func TestALateItem(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	run(t, db, "insert into installation (installed_at) values ($1)", start())

	app := promise.Key{Promise: promise.Backups, Item: "app"}
	audit, _ := history.Audit{}.Next([]promise.Status{{Promise: app.Promise, Item: app.Item, State: promise.Armed}},
		map[promise.Key]time.Time{app: start()}, start().Add(time.Hour))

	if err := history.Record(t.Context(), db, history.Audit{}, audit, nil); err != nil {
		t.Fatal(err)
	}

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
	if err != nil || !got.Armed[app].Equal(start()) || !got.Armed[promise.Key{Promise: promise.Backups, Item: "steward"}].Equal(start().Add(time.Hour)) {
		t.Errorf("%+v, %v", got.Armed, err)
	}
}

// What cannot be read is an error, whichever call it is.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	db, rules := pgtest.OpenSteward(t), demo(t)
	run(t, db, "insert into installation (installed_at) values ($1)", start())

	for n := 1; ; n++ {
		counter := &nth{left: n}

		_, err := evidence.Gather(faults.With(t.Context(), counter), evidence.Sources{Steward: db}, rules)
		if counter.left > 0 {
			if err != nil || n < 6 {
				t.Errorf("after %d calls: %v", n-1, err)
			}

			return
		}

		if !failure.Is(err, failure.Unavailable) {
			t.Errorf("call %d: %v", n, err)
		}
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

func TestReadOff(t *testing.T) {
	t.Parallel()

	const one = `{"from":"2026-11-20T22:00:00+01:00","to":"2026-11-21T06:00:00Z"}` + "\n"

	from, to := time.Date(2026, 11, 20, 21, 0, 0, 0, time.UTC), time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC)

	for name, test := range map[string]struct {
		text string
		want []promise.Interval
		code failure.Code
	}{
		"empty":               {"", nil, ""},
		"one":                 {one, []promise.Interval{{From: from, To: to}}, ""},
		"cut short":           {one + one[:20], []promise.Interval{{From: from, To: to}}, ""},
		"no JSON":             {"yesterday\n" + one, nil, failure.EvidenceMissing},
		"without an end":      {`{"from":"2026-11-20T22:00:00Z"}` + "\n", nil, failure.EvidenceMissing},
		"without a beginning": {`{"to":"2026-11-20T22:00:00Z"}` + "\n", nil, failure.EvidenceMissing},
	} {
		path := filepath.Join(t.TempDir(), "off.jsonl")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}

		got, err := evidence.ReadOff(path)
		if failure.CodeOf(err) != test.code || !cmp.Equal(test.want, got) {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}

	if got, err := evidence.ReadOff(filepath.Join(t.TempDir(), "none")); got != nil || err != nil {
		t.Errorf("a missing file: %v, %v", got, err)
	}

	if _, err := evidence.ReadOff(t.TempDir()); !failure.Is(err, failure.EvidenceMissing) {
		t.Errorf("a folder: %v", err)
	}

	if got, err := evidence.ReadOff(""); got != nil || err != nil {
		t.Errorf("no path: %v, %v", got, err)
	}
}

// A machine that may have been off is a dev machine; an unreadable file is no excuse.
func TestGatherOff(t *testing.T) {
	t.Parallel()

	db, path := pgtest.OpenSteward(t), filepath.Join(t.TempDir(), "off.jsonl")

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db, OffFile: path}, demo(t))
	if err != nil || !got.Dev || got.Off != nil {
		t.Errorf("%+v, %v", got, err)
	}

	if err := os.WriteFile(path, []byte("nonsense\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	if _, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db, OffFile: path}, demo(t)); !failure.Is(err, failure.EvidenceMissing) {
		t.Error(err)
	}
}

// The auditor shares no code with those whose work it reads.
func TestIndependence(t *testing.T) {
	t.Parallel()

	list, err := exec.CommandContext(t.Context(), "go", "list", "-deps",
		"steward/internal/evidence", "steward/internal/evidence/month", "steward/internal/evidence/inclusion", "steward/internal/evidence/schedules",
		"steward/internal/report", "steward/internal/alert", "steward/internal/promise").Output()
	if err != nil {
		t.Fatal(err)
	}

	for _, audited := range []string{"backup", "drill", "removal", "prune", "catalogue", "content", "manifest", "archive"} {
		if strings.Contains(string(list), "steward/internal/"+audited+"\n") {
			t.Errorf("the auditor imports internal/%s", audited)
		}
	}

	if !strings.Contains(string(list), "steward/internal/evidence\n") {
		t.Errorf("the list is not one: %s", list)
	}
}

// What a prune found missing, and what it keeps beyond its time, is evidence.
func TestLossesAndExceptionsAreRead(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at, id := start(), "bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	run(t, db, `insert into backups (id, database, day, state, attempt, owner, opened_at, beat_at, snapshot_at, drilled_at, manifest_sha256)
		values ($1, 'app', '2026-11-22', 'drilled', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', $2, $2, $2, $2, 'x')`, id, at)
	run(t, db, `insert into backup_missing (name, generation, backup_id, missing_at) values ('a', 1, $1, $2), ('b', 1, $1, $3)`,
		id, at.Add(2*time.Hour), at.Add(time.Hour))
	run(t, db, `insert into backup_exceptions (backup_id, cause, since, due_at) values ($1, 'last_drilled', $2, $2)`, id, at.Add(3*time.Hour))

	got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t))
	if err != nil || len(got.Backups) != 1 || !got.Backups[0].LostAt.Equal(at.Add(time.Hour)) || !got.Backups[0].ExceptedAt.Equal(at.Add(3*time.Hour)) {
		t.Fatalf("%+v, %v", got.Backups, err)
	}

	run(t, db, `update backup_exceptions set ended_at = now(), ended_cause = 'younger_drilled'`)

	if got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t)); err != nil || !got.Backups[0].ExceptedAt.IsZero() {
		t.Errorf("%+v, %v", got.Backups, err)
	}
}

func TestARowThatMakesNoSense(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	row(t, db, "2026-11-22", "taken", "infinity", nil, nil)

	if got, err := evidence.Gather(t.Context(), evidence.Sources{Steward: db}, demo(t)); err == nil {
		t.Errorf("%+v", got)
	}
}
