package environment

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/dev/demoapp"
	"steward/dev/internal/cluster/clustertest"
	"steward/dev/internal/devkeys"
	"steward/dev/internal/procs"
	"steward/dev/internal/progress"
	"steward/dev/internal/state"
)

// open gives the environment of an invented clone, and what it prints.
func open(t *testing.T) (*Environment, *strings.Builder) {
	t.Helper()
	clone := t.TempDir()
	if err := os.WriteFile(filepath.Join(clone, "go.mod"), []byte("module steward\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	printed := &strings.Builder{}
	e, err := Open(clone, progress.To(printed))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.choosePorts(t.Context()); err != nil {
		t.Fatal(err)
	}
	keys, err := e.dir.Sub("keys")
	if err != nil {
		t.Fatal(err)
	}
	if e.keys, err = devkeys.Ensure(keys); err != nil {
		t.Fatal(err)
	}
	return e, printed
}

// TestEachProcessGetsItsOwnSecretsOnly reads the whole environment that a worker or
// the API would start with, byte by byte.
func TestEachProcessGetsItsOwnSecretsOnly(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	keep(t, e, operatorToken, appKey)
	if _, err := e.Vars(); err != nil {
		t.Fatal(err)
	}
	api, err := e.apiSpec()
	if err != nil {
		t.Fatal(err)
	}
	checkSecrets(t, e, api, apiLogin)
	for _, one := range workers() {
		spec, err := e.workerSpec(one)
		if err != nil {
			t.Fatal(err)
		}
		allowed := []string{one.login()}
		if cmp.Equal(one.roles, []string{devkeys.Drill}) {
			allowed = append(allowed, drillAdmin)
		}
		checkSecrets(t, e, spec, allowed...)
	}
}

// keep puts made-up credentials where up keeps them.
func keep(t *testing.T, e *Environment, files ...string) {
	t.Helper()
	for _, file := range files {
		if _, err := e.dir.Secret(file); err != nil {
			t.Fatal(err)
		}
	}
}

// checkSecrets fails t where a process is given another secret than the allowed ones,
// or any in its arguments.
func checkSecrets(t *testing.T, e *Environment, spec procs.Spec, allowed ...string) {
	t.Helper()
	environ := strings.Join(spec.Env, "\n")
	entries, err := os.ReadDir(e.dir.Path("secrets"))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		secret, err := e.dir.Secret(entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(environ, secret) != slices.Contains(allowed, entry.Name()) {
			t.Errorf("%s and the secret of %s: it must have those of %v", spec.Name, entry.Name(), allowed)
		}
		if strings.Contains(strings.Join(spec.Args, " "), secret) {
			t.Errorf("%s has the secret of %s in its arguments", spec.Name, entry.Name())
		}
	}
	if !strings.Contains(environ, "STEWARD_ENV=dev") {
		t.Errorf("%s is not told that this is a dev environment", spec.Name)
	}
}

// TestCredentialsStandInEnv: as soon as they were made, make env prints them, and a
// command of bin/steward finds them.
func TestCredentialsStandInEnv(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	names := func() []string {
		vars, err := e.apiVars()
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, one := range vars {
			names = append(names, one.Name)
		}
		return names
	}
	if diff := cmp.Diff([]string{apiVariable}, names()); diff != "" {
		t.Error(diff)
	}
	keep(t, e, operatorToken, appKey)
	if diff := cmp.Diff([]string{apiVariable, keyVariable, tokenVariable}, names()); diff != "" {
		t.Error(diff)
	}
}

func TestNoWorkerDumpsAndDecrypts(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	for _, one := range workers() {
		dir, err := devkeys.For(e.dir.Path("keys"), one.roles...)
		if err != nil {
			t.Fatal(err)
		}
		_, err = os.Stat(filepath.Join(dir, devkeys.BackupIdentity))
		decrypts := err == nil
		if wants := one.name == "worker-drill"; decrypts != wants {
			t.Errorf("%s can decrypt: %v", one.name, decrypts)
		}
	}
}

// TestSpecsStayTheSame: what does not change must not look changed, or every up
// would restart everything.
func TestSpecsStayTheSame(t *testing.T) {
	e, _ := open(t)
	before, err := e.workerSpec(workers()[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", os.Getenv("PATH")+":/somewhere/else")
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	again, err := Open(e.Clone(), e.out)
	if err != nil {
		t.Fatal(err)
	}
	after, err := again.workerSpec(workers()[0])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("another shell looks like another environment: %s", diff)
	}
}

func TestStopOrder(t *testing.T) {
	t.Parallel()
	records := map[string]procs.Record{}
	for _, name := range []string{partPostgres, partDrill, partTemporal, partGCS, partMail, "worker", "worker-drill", "worker-vendors", partAPI, "unknown"} {
		records[name] = procs.Record{}
	}
	want := []string{partAPI, "unknown", "worker", "worker-drill", "worker-vendors", partMail, partGCS, partTemporal, partDrill, partPostgres}
	if diff := cmp.Diff(want, stopOrder(records)); diff != "" {
		t.Error(diff)
	}
}

// TestResetRemovesOnlyWhatUpMade keeps tools and binaries, and whatever a person
// put under .dev; it never follows a forged place.
func TestResetRemovesOnlyWhatUpMade(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	precious := filepath.Join(t.TempDir(), "precious")
	for _, dir := range []string{e.dir.Path("bin"), e.dir.Path("tools"), e.dir.Path("notes"), precious} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := state.WriteJSON(e.placeFile(), precious); err != nil {
		t.Fatal(err)
	}
	if err := e.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(e.dir.Path())
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, entry := range entries {
		left = append(left, entry.Name())
	}
	if diff := cmp.Diff([]string{"bin", "lock", "notes", "tools"}, left); diff != "" {
		t.Error(diff)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Errorf("reset followed a forged place: %v", err)
	}
}

// TestLogins makes the logins for real, twice, and tries what each may do.
func TestLogins(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	running := clustertest.Start(t)
	for range 2 {
		if err := e.ensureMain(t.Context(), running.Cluster); err != nil {
			t.Fatal(err)
		}
		if err := demoapp.Install(t.Context(), running.AdminURL(databaseApp)); err != nil {
			t.Fatal(err)
		}
	}
	size := demoapp.Size{Accounts: demoapp.MinAccounts, Displays: demoapp.MinDisplays, Seed: 1}
	if err := demoapp.Fill(t.Context(), running.AdminURL(databaseApp), size, nil); err != nil {
		t.Fatal(err)
	}
	if err := e.openLargeObjects(t.Context(), running.AdminURL(databaseApp)); err != nil {
		t.Fatal(err)
	}
	url := func(login, database string) string {
		password, err := e.dir.Secret(login)
		if err != nil {
			t.Fatal(err)
		}
		return running.URL(login, password, database)
	}
	backup := workers()[0].login()
	dump := exec.CommandContext(t.Context(), filepath.Join(running.Bin, "pg_dump"), "-Fc", "-Z0", "-f", filepath.Join(t.TempDir(), "dump"), url(backup, databaseApp))
	if words, err := dump.CombinedOutput(); err != nil {
		t.Errorf("the backup login cannot dump the app: %v %s", err, words)
	}
	const denied = "42501"
	for _, one := range []struct{ login, database, sql, code string }{
		{appAdmin, databaseApp, "update app.companies set name = name", ""},
		{stewardOwner, databaseSteward, "create table t (a int)", ""},
		{temporalRole, databaseVisibility, "create table t (a int)", ""},
		{backup, databaseApp, "update app.companies set name = name", denied},
		{backup, databaseApp, "select lo_unlink(oid) from pg_largeobject_metadata", denied},
		{backup, databaseTemporal, "select 1", denied},
		{workers()[1].login(), databaseApp, "select 1", denied},
		{workers()[1].login(), databaseSteward, "select 1", ""},
		{temporalRole, databaseSteward, "select 1", denied},
	} {
		if got := code(t, url(one.login, one.database), one.sql); got != one.code {
			t.Errorf("%s in %s, %q: SQLSTATE %q, want %q", one.login, one.database, one.sql, got, one.code)
		}
	}
}

// code runs a statement and gives its SQLSTATE, "" for success.
func code(t *testing.T, url, sql string) string {
	t.Helper()
	var refused *pgconn.PgError
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_, err = conn.Exec(t.Context(), sql)
		if closeErr := conn.Close(t.Context()); closeErr != nil {
			t.Error(closeErr)
		}
	}
	if err == nil {
		return ""
	}
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	return refused.Code
}

// TestPartsAreKnown reads --only.
func TestPartsAreKnown(t *testing.T) {
	t.Parallel()
	if _, err := ParseOnly("postgres,typo"); err == nil || !strings.Contains(err.Error(), "choose from") {
		t.Errorf("a typo: %v", err)
	}
	only, err := ParseOnly("postgres,temporal")
	if err != nil || !only.has(groupPostgres) || only.has(groupWorker) || only.builds(programWorker) || !only.builds(programTemporal) {
		t.Errorf("got %v, %v", only, err)
	}
	if all, err := ParseOnly(""); err != nil || !all.has(groupBackup) || !all.builds(programSteward) {
		t.Errorf("all: %v, %v", all, err)
	}
}

// TestPlaceIsRemembered: data once made is found again whatever changed around it.
func TestPlaceIsRemembered(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	if err := state.WriteJSON(e.placeFile(), "/remembered"); err != nil {
		t.Fatal(err)
	}
	if err := e.findPlace(); err != nil || e.place != "/remembered" {
		t.Errorf("place %q, %v", e.place, err)
	}
}

// TestPlaceMovesWithTheClone: what lies under .dev is found there after the clone
// was moved, whatever path an earlier version wrote down.
func TestPlaceMovesWithTheClone(t *testing.T) {
	t.Parallel()
	e, _ := open(t)
	if err := e.findPlace(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(e.placeFile()); (err == nil) != (e.place != e.dir.Path("pg")) {
		t.Errorf("data in %s: its path is written down, %v", e.place, err)
	}
	// Root's temporary folder is closed to the account of Postgres.
	if err := e.removeElsewhere(); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(e.dir.Path("pg", partPostgres), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := state.WriteJSON(e.placeFile(), "/before/the/move/.dev/pg"); err != nil {
		t.Fatal(err)
	}
	if err := e.findPlace(); err != nil || e.place != e.dir.Path("pg") {
		t.Errorf("place %q, %v", e.place, err)
	}
}
