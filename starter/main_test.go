package main_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"steward/activities"
	"steward/internal/backuptest"
	"steward/internal/calendar"
	"steward/internal/doctor/doctortest"
	"steward/internal/emulator/gcs/gcstest"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/ids"
	"steward/internal/keys"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/report"
	main "steward/starter"
)

// TestMain is the command itself when the test program was started under its
// name, so that scripts run what users run.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "steward" {
		os.Exit(int(main.Run(os.Args[1:], os.Stdout, os.Stderr)))
	}

	pgtest.Main(m)
}

// command makes a folder with the command in it, for PATH.
func command(t *testing.T) string {
	t.Helper()

	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	if err := os.Symlink(program, filepath.Join(dir, "steward")); err != nil {
		t.Fatal(err)
	}

	return dir
}

// environment is that of every script: no variable of the machine, a fixed zone.
func environment(bin string, vars ...string) []string {
	return append([]string{"PATH=" + bin + ":" + os.Getenv("PATH"), "TZ=Europe/Paris", "TEMPORAL_ADDRESS=127.0.0.1:1"}, vars...)
}

// commands are those that scripts have beside testscript's own.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		// exitcode N steward ... runs a command that must end with exit code N.
		"exitcode": func(ts *testscript.TestScript, _ bool, args []string) {
			err := ts.Exec(args[1], args[2:]...)

			var ended *exec.ExitError
			if !errors.As(err, &ended) || strconv.Itoa(ended.ExitCode()) != args[0] {
				ts.Fatalf("%v, wanted exit code %s", err, args[0])
			}
		},
	}
}

// TestOffline runs what needs no service.
func TestOffline(t *testing.T) {
	t.Parallel()

	bin := command(t)
	w := doctortest.NewPolicy(t)

	policy, err := os.ReadFile(w.Config.Policy)
	if err != nil {
		t.Fatal(err)
	}

	testscript.Run(t, testscript.Params{
		Dir: "testdata/offline", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=dev", "STEWARD_POLICY=policy.yaml")...)

			return os.WriteFile(filepath.Join(env.WorkDir, "policy.yaml"), policy, 0o600)
		},
	})
}

// TestWithServices runs what reads databases and buckets, over one world that no
// script changes.
func TestWithServices(t *testing.T) {
	t.Parallel()

	bin := command(t)
	w := doctortest.New(t)
	backup := w.Backup(t, "2026-11-22")
	files := filesOf(t, w)

	testscript.Run(t, testscript.Params{
		Dir: "testdata/services", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin,
				"STEWARD_ENV=dev", "STEWARD_POLICY="+w.Config.Policy, "STEWARD_DATABASE_URL="+w.Config.StewardDatabase,
				"APP_DATABASE_URL="+w.App, "DRILL_DATABASE_URL="+w.Config.DrillDatabase, "STORAGE_EMULATOR_HOST="+w.Config.StorageEmulator,
				"STEWARD_KEYS_DIR="+w.Config.KeysDir, "STEWARD_GCP_PROJECT=test", "BACKUP="+backup.ID, "NOBODY="+ids.New("bkp"),
				"FILES="+files, "NOFILES="+ids.New("fbk"),
				"LEDGER_KEY="+w.Policy.Keys.Ledger, "OTHER_KEY="+w.Policy.Keys.Manifest,
			)...)

			return nil
		},
	})
}

// TestFix mends a bucket that drifted in two ways: one that is safe to mend, and
// one that somebody has to say yes to. Both are acts in the ledger, and where that cannot
// be written nothing is mended.
func TestFix(t *testing.T) {
	t.Parallel()

	bin := command(t)
	w := doctortest.NewPolicy(t)
	server := gcstest.Start(t, w.Clock)

	client, err := gcs.Open(t.Context(), gcs.Options{Endpoint: server.URL(), Project: "test"})
	if err != nil {
		t.Fatal(err)
	}

	for _, bucket := range guard.Buckets(w.Policy, w.Config.Location) {
		settings := bucket.Settings
		if bucket.Name == w.Policy.Storage.Backups {
			settings.Versioning, settings.Retention = true, bucket.MostRetention+time.Hour
		}

		if _, err := client.Bucket(bucket.Name).Create(t.Context(), settings); err != nil {
			t.Fatal(err)
		}
	}

	db := pgtest.Steward(t)

	t.Cleanup(func() { mendsInTheLedger(t, db) }) // when the scripts are over

	testscript.Run(t, testscript.Params{
		Dir: "testdata/fix", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin,
				"STEWARD_ENV=dev", "STEWARD_POLICY="+w.Config.Policy, "STORAGE_EMULATOR_HOST="+server.URL(), "STEWARD_DATABASE_URL="+db)...)

			return nil
		},
	})
}

// mendsInTheLedger expects the two acts of the script, in full and in order.
func mendsInTheLedger(t *testing.T, db string) {
	t.Helper()

	ctx := context.WithoutCancel(t.Context())

	steward, err := postgres.Open(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	defer steward.Close()

	rows, err := steward.Query(ctx, `select kind || ' ' || (body::jsonb ->> 'verb') || ' ' || coalesce(body::jsonb ->> 'outcome', '-')
		from ledger.entries order by serial`)
	if err != nil {
		t.Fatal(err)
	}

	entries, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}

	const meant, done = "act.intended bucket.mend -", "act.done bucket.mend done"
	if !slices.Equal(entries, []string{meant, done, meant, done}) {
		t.Errorf("the ledger tells %q", entries)
	}
}

// TestEvidence checks a signed report over a world of one backup, of which no
// script changes anything.
func TestEvidence(t *testing.T) {
	t.Parallel()

	bin := command(t)
	w := doctortest.New(t)
	now := w.Clock.Now()
	w.Backup(t, calendar.DayOf(now, w.Policy.Company.Zone).String())

	if _, err := w.Steward.Exec(t.Context(), "insert into installation (installed_at) values ($1)", now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}

	evidence := filepath.Join(t.TempDir(), "evidence.json")
	if err := os.WriteFile(evidence, evidenceOf(t, w), 0o600); err != nil {
		t.Fatal(err)
	}

	another := pgtest.Steward(t)

	testscript.Run(t, testscript.Params{
		Dir: "testdata/evidence", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin,
				"STEWARD_ENV=dev", "STEWARD_POLICY="+w.Config.Policy, "STEWARD_DATABASE_URL="+w.Config.StewardDatabase,
				"STORAGE_EMULATOR_HOST="+w.Config.StorageEmulator, "STEWARD_GCP_PROJECT=test", "EVIDENCE="+evidence, "ANOTHER="+another,
				"LEDGER_KEY="+w.Policy.Keys.Ledger, "OTHER_KEY="+w.Policy.Keys.Manifest,
			)...)

			return nil
		},
	})
}

// unscheduled is a Temporal without any schedule.
type unscheduled struct{}

func (unscheduled) Read(_ context.Context, id string) (report.Schedule, error) {
	return report.Schedule{ID: id, State: report.ScheduleMissing}, nil
}

// evidenceOf makes the signed report of this month, as the core worker does.
func evidenceOf(t *testing.T, w *doctortest.World) []byte {
	t.Helper()

	signer, err := keys.Signer(w.Config.KeysDir, keys.LedgerSigner)
	if err != nil {
		t.Fatal(err)
	}

	key, err := keys.Verifier(w.Policy.Keys.Ledger)
	if err != nil {
		t.Fatal(err)
	}

	reports := activities.Reports{Steward: w.Steward, Signer: signer, Key: key, Policy: w.Policy, Schedules: unscheduled{}, Clock: w.Clock}

	made, err := reports.SignEvidence(t.Context(), activities.ReportParams{
		Month: calendar.MonthOf(w.Clock.Now(), w.Policy.Company.Zone).String(), Database: "app",
	})
	if err != nil {
		t.Fatal(err)
	}

	text, err := report.Signed{Report: made.Report, Note: made.Note}.File()
	if err != nil {
		t.Fatal(err)
	}

	return text
}

// filesOf takes a backup of the app's one file, has it called drilled, and gives its id.
func filesOf(t *testing.T, w *doctortest.World) string {
	t.Helper()

	taken := w.Files(t, "2026-11-22")
	backuptest.Exec(t, w.Config.StewardDatabase, `update file_backups set state = 'drilled', drilled_at = now()`)

	return taken.ID
}

// TestInterrupted shows that a signal ends a command that waits for a database,
// with the exit code of interrupted.
func TestInterrupted(t *testing.T) {
	t.Parallel()

	w := doctortest.NewPolicy(t)
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()

	var errs bytes.Buffer

	steward := exec.CommandContext(t.Context(), filepath.Join(command(t), "steward"), "backup", "list")
	steward.Env = environment(os.Getenv("PATH"), "STEWARD_ENV=dev", "STEWARD_POLICY="+w.Config.Policy,
		"STEWARD_DATABASE_URL=postgres://"+silent.Addr().String()+"/x?connect_timeout=60")
	steward.Stderr = &errs

	if err := steward.Start(); err != nil {
		t.Fatal(err)
	}

	waiting, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()

	if err := steward.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}

	var ended *exec.ExitError
	if err := steward.Wait(); !errors.As(err, &ended) || ended.ExitCode() != 130 || !strings.Contains(errs.String(), "interrupted") {
		t.Errorf("%v: %s", err, errs.String())
	}
}
