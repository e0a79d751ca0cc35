package doctor_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"

	"steward/internal/clocks"
	"steward/internal/doctor"
	"steward/internal/doctor/doctortest"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// visit looks at the world; Temporal is not part of it, and does not answer.
func visit(t *testing.T, w *doctortest.World, change func(*doctor.Doctor)) doctor.Report {
	t.Helper()

	// The policy calls the app database "app".
	d := &doctor.Doctor{
		Config: w.Config, Policy: w.Policy, Clock: w.Clock, System: clocks.System(), Storage: w.Storage, Namespace: "test",
		Buckets: guard.Buckets(w.Policy, w.Config.Location),
		Dial: func(context.Context) (client.Client, error) {
			return nil, failure.New(failure.TemporalUnavailable, "reaching Temporal")
		},
	}
	if change != nil {
		change(d)
	}

	return d.Run(t.Context())
}

func find(t *testing.T, report doctor.Report, area, name string) doctor.Check {
	t.Helper()

	for _, check := range report.Checks {
		if check.Area == area && check.Name == name {
			return check
		}
	}

	t.Fatalf("there is no check %s, %s in %+v", area, name, report)

	return doctor.Check{}
}

func TestAWorldThatIsRight(t *testing.T) {
	w := doctortest.New(t)
	w.Backup(t, "2026-11-22")
	t.Setenv("APP_DATABASE_URL", w.App)

	var told []string

	report := visit(t, w, func(d *doctor.Doctor) { d.Tell = func(area string) { told = append(told, area) } })
	for _, check := range report.Checks {
		// The policy promises no erasure.
		given := check.Area != "api" && check.Area != "erasures" && (check.Area != "mail" || check.Name != "server") // this process was not given their addresses
		mayWarn := check.Name == "programs" && check.State == doctor.Warn                                            // this machine's may be old
		if check.Area != "temporal" && given && check.State != doctor.OK && !mayWarn {
			t.Errorf("%+v", check)
		}
	}

	if !failure.Is(report.Err(), failure.TemporalUnavailable) || len(told) != 12 {
		t.Errorf("%v, told %v", report.Err(), told)
	}

	if head := find(t, report, "ledger", "head"); !strings.Contains(head.Says, "1 entries sealed") {
		t.Errorf("%+v", head)
	}
}

func TestAWarningIsNoFailure(t *testing.T) {
	t.Parallel()

	report := doctor.Report{Checks: []doctor.Check{{State: doctor.Warn}, {State: doctor.Skipped}, {State: doctor.OK}}}
	if report.Err() != nil {
		t.Error(report.Err())
	}
}

func TestSourcesThatWouldGiveHalfABackup(t *testing.T) {
	w := doctortest.New(t)

	conn, err := pgx.Connect(t.Context(), w.App)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())

	if _, err := conn.Exec(t.Context(), `
		do $$ begin create role doctor_half login; exception when duplicate_object then null; end $$;
		create table secret (id int); create table shown (id int); alter table shown enable row level security;
		grant select on shown to doctor_half`); err != nil {
		t.Fatal(err)
	}

	half := strings.Replace(w.App, "postgres@", "doctor_half@", 1)
	if half == w.App {
		t.Fatal("the URL has no user to replace")
	}

	t.Setenv("APP_DATABASE_URL", half)

	if check := find(t, visit(t, w, nil), "sources", "app"); check.State != doctor.Fail || !strings.Contains(check.Says, "row-level security") {
		t.Errorf("%+v", check)
	}

	if _, err := conn.Exec(t.Context(), "alter table shown disable row level security"); err != nil {
		t.Fatal(err)
	}

	if check := find(t, visit(t, w, nil), "sources", "app"); check.State != doctor.Fail || !strings.Contains(check.Says, "may not read 1 tables") {
		t.Errorf("%+v", check)
	}

	t.Setenv("APP_DATABASE_URL", w.App)

	for _, c := range []struct{ make, drop, says string }{
		{
			"create function public.noticed() returns event_trigger language plpgsql as 'begin end'; create event trigger ours on ddl_command_end execute function public.noticed()",
			"drop event trigger ours; drop function public.noticed()", "event trigger ours",
		},
		{"create publication whole for all tables", "drop publication whole", "publication whole"},
		{
			"create function public.plus(int, int) returns int language internal as 'int4pl'", "drop function public.plus",
			"function public.plus(integer,integer) in internal",
		},
		{"create publication one for table public.shown; create extension cube", "drop publication one; drop extension cube", ""},
	} {
		if _, err := conn.PgConn().Exec(t.Context(), c.make).ReadAll(); err != nil {
			t.Fatal(err)
		}

		check := find(t, visit(t, w, nil), "sources", "app")
		if (check.State == doctor.Fail) != (c.says != "") || !strings.Contains(strings.ReplaceAll(check.Says, "function plus", "function public.plus"), c.says) {
			t.Errorf("%s: %+v", c.make, check)
		}

		if _, err := conn.PgConn().Exec(t.Context(), c.drop).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}

	t.Setenv("APP_DATABASE_URL", "")

	if check := find(t, visit(t, w, nil), "sources", "app"); check.State != doctor.Fail || check.Code != failure.ConfigInvalid {
		t.Errorf("%+v", check)
	}

	if _, err := conn.Exec(t.Context(), "drop owned by doctor_half"); err != nil {
		t.Fatal(err)
	}
}

func TestBucketsThatDiffer(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Policy.Storage.Backups, w.Policy.Storage.Replay = "loose", "missing"

	if _, err := w.Backups().Create(t.Context(), gcs.Settings{Location: "EU"}); err != nil {
		t.Fatal(err)
	}

	report := visit(t, w, nil)
	if check := find(t, report, "buckets", "loose"); check.State != doctor.Fail || check.Code != failure.BucketDrift ||
		!strings.Contains(check.Hint, "gcloud storage buckets update gs://loose") {
		t.Errorf("%+v", check)
	}

	if check := find(t, report, "buckets", "loose"); !strings.HasSuffix(check.Hint, "steward doctor --fix") {
		t.Errorf("%+v", check)
	}

	if check := find(t, report, "buckets", "missing"); check.Code != failure.ObjectNotFound {
		t.Errorf("%+v", check)
	}

	// A bucket that guards the floor less than it could is no failure.
	w.Policy.Storage.Backups, w.Policy.Storage.Replay = "lenient", ""
	settings := guard.Backups(w.Policy, "EU").Settings
	settings.Retention = 0

	if _, err := w.Backups().Create(t.Context(), settings); err != nil {
		t.Fatal(err)
	}

	if check := find(t, visit(t, w, nil), "buckets", "lenient"); check.State != doctor.Warn || !strings.Contains(check.Hint, "--retention-period=594000s") {
		t.Errorf("%+v", check)
	}
}

func TestKeysThatOthersCouldReadOrThatAreWrong(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	manifest, ledger := filepath.Join(w.Config.KeysDir, "manifest.key"), filepath.Join(w.Config.KeysDir, "ledger.key")

	swapped, err := os.ReadFile(ledger)
	if err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(manifest, swapped, 0o600); err != nil {
		t.Fatal(err)
	}

	if err := os.Chmod(ledger, 0o640); err != nil {
		t.Fatal(err)
	}

	identity := filepath.Join(w.Config.KeysDir, "backup.identity")
	if err := os.WriteFile(identity, []byte("AGE-SECRET-KEY-1"), 0o600); err != nil {
		t.Fatal(err)
	}

	report := visit(t, w, nil)
	for _, name := range []string{"manifest.key", "ledger.key", "backup.identity", "separation"} {
		if check := find(t, report, "keys", name); check.State != doctor.Fail || strings.Contains(check.Says, "PRIVATE") {
			t.Errorf("%+v", check)
		}
	}

	if err := os.Chmod(w.Config.KeysDir, 0o755); err != nil {
		t.Fatal(err)
	}

	if check := find(t, visit(t, w, nil), "keys", "folder"); check.State != doctor.Fail {
		t.Errorf("%+v", check)
	}
}

func TestWhatIsNotGivenIsSkippedOrFails(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	report := visit(t, w, func(d *doctor.Doctor) {
		d.Config.KeysDir, d.Config.DrillDatabase, d.Config.StewardDatabase = "", "", ""
	})

	for _, name := range [][2]string{{"keys", "folder"}, {"drill", "cluster"}, {"temporal", "web ui"}, {"ledger", "head"}} {
		if check := find(t, report, name[0], name[1]); check.State != doctor.Skipped {
			t.Errorf("%+v", check)
		}
	}

	if check := find(t, report, "steward", "database"); check.State != doctor.Fail {
		t.Errorf("%+v", check)
	}
}

// Files that are stored while the policy names no bucket for them would stay for ever.
func TestFilesThatThePolicyForgot(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	w.Policy.Storage.Files = ""

	if _, err := w.Steward.Exec(t.Context(), `insert into file_backups (id, fileset, day, attempt, owner, opened_at, beat_at)
		values ('fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'uploads', '2026-11-22', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'test', now(), now())`); err != nil {
		t.Fatal(err)
	}

	check := find(t, visit(t, w, nil), "steward", "files")
	if check.Code != failure.ConfigInvalid || !strings.Contains(check.Says, "uploads are still stored") || !strings.Contains(check.Hint, "steward setup") {
		t.Errorf("%+v", check)
	}

	w.Policy.Storage.Files = "example-files"

	for _, check := range visit(t, w, nil).Checks {
		if check.Area == "steward" && check.Name == "files" {
			t.Errorf("%+v", check)
		}
	}
}

func TestADatabaseThatIsDownOrOutOfDate(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)

	report := visit(t, w, func(d *doctor.Doctor) { d.Config.StewardDatabase = pgtest.Database(t) })
	if check := find(t, report, "steward", "migrations"); check.Code != failure.DatabaseOutOfDate {
		t.Errorf("%+v", check)
	}

	report = visit(t, w, func(d *doctor.Doctor) {
		d.Config.StewardDatabase, d.Config.DrillDatabase = "postgres://127.0.0.1:1/x", "postgres://127.0.0.1:1/x"
	})
	for _, name := range [][2]string{{"steward", "database"}, {"drill", "cluster"}, {"sources", "steward"}, {"ledger", "head"}} {
		if check := find(t, report, name[0], name[1]); check.Code != failure.Unavailable {
			t.Errorf("%+v", check)
		}
	}
}

func TestClocksThatDisagree(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	now := time.Now()

	for off, want := range map[time.Duration]doctor.State{10 * time.Second: doctor.Warn, 10 * time.Minute: doctor.Fail} {
		report := visit(t, w, func(d *doctor.Doctor) { d.System = clocks.Fixed(now.Add(off)) })
		if check := find(t, report, "steward", "clock"); check.State != want {
			t.Errorf("%+v", check)
		}
	}
}

func TestEntriesThatWaitTooLong(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	if _, err := w.Steward.Exec(t.Context(), `insert into ledger.entries (id, kind, at, body)
		values ('led_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'world.observed', now() - interval '1 hour', '{}')`); err != nil {
		t.Fatal(err)
	}

	if check := find(t, visit(t, w, nil), "ledger", "head"); check.Code != failure.LedgerBehind {
		t.Errorf("%+v", check)
	}
}

func TestTheWebUI(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	status := http.StatusOK
	ui := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) { answer.WriteHeader(status) }))

	look := func(url string) doctor.State {
		return find(t, visit(t, w, func(d *doctor.Doctor) { d.Config.TemporalUI = url }), "temporal", "web ui").State
	}

	if got := look(ui.URL); got != doctor.OK {
		t.Error(got)
	}

	status = http.StatusBadGateway
	if got := look(ui.URL); got != doctor.Warn {
		t.Error(got)
	}

	ui.Close()

	if look(ui.URL) != doctor.Warn || look("http://[::1") != doctor.Warn {
		t.Error("a Web UI that is down went unnoticed")
	}
}
