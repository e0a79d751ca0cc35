package main_test

import (
	"encoding/json"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copies"
	"steward/internal/doctor/doctortest"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/keys"
)

// backup verify compares a copy whose original is gone, and finds what was taken of it.
func TestVerifyOfACopyWithoutItsOriginal(t *testing.T) {
	t.Parallel()

	w := doctortest.New(t)
	row := w.Backup(t, "2026-11-22")
	settings := gcs.Settings{Location: "EU", UniformAccess: true, PublicAccessPrevented: true}
	far := w.Storage.Bucket("far")

	verifier, err := keys.Verifier(w.Policy.Keys.Manifest)
	must(t, err)
	_, err = far.Create(t.Context(), settings)
	must(t, err)
	must(t, catalogue.RecordDrilled(t.Context(), w.Steward, row.ID, row.Attempt, w.Clock.Now(), time.Second))

	copier := copies.Copier{
		Steward: w.Steward, Source: w.Backups(), Verifier: verifier, Keep: w.Policy.Promises.Backups.Keep, Zone: time.UTC, Clock: w.Clock,
		Places: []copies.Place{{Name: "far", Bucket: far, Wanted: guard.Bucket{Name: "far", Settings: settings}}},
	}
	if got, err := copier.Copy(t.Context(), row.ID); err != nil || got.Copied != 1 {
		t.Fatalf("%+v, %v", got, err)
	}

	verify := func(args ...string) (verified, int) {
		t.Helper()

		return verifyIn(t, w, args...)
	}

	if got, exit := verify(); exit != 0 || got.Good != 2 {
		t.Errorf("both are there: %+v, exit code %d", got, exit)
	}

	must(t, catalogue.RecordPruned(t.Context(), w.Steward, row.ID, w.Clock.Now(), "over"))

	for _, args := range [][]string{nil, {"--all"}, {row.ID}} {
		got, exit := verify(args...)
		if exit != 0 || got.Good != 1 || got.Skipped != 1 || len(got.Backups) != 2 || got.Backups[1].Location != "far" || got.Backups[1].Objects != 3 {
			t.Errorf("%v: %+v, exit code %d", args, got, exit)
		}
	}

	stat, err := far.Stat(t.Context(), strings.Replace(row.ManifestObject, "/manifest", "/archive", 1))
	must(t, err)
	must(t, far.Delete(t.Context(), stat.Name, stat.Generation))

	if got, exit := verify(); exit != 5 || got.Bad != 1 {
		t.Errorf("its archive is gone: %+v, exit code %d", got, exit)
	}
}

// verified is what backup verify --json prints.
type verified struct {
	Good    int `json:"good"`
	Bad     int `json:"bad"`
	Skipped int `json:"skipped"`
	Backups []struct {
		Location string `json:"location"`
		Objects  int    `json:"objects"`
	} `json:"backups"`
}

// verifyIn runs the command in a world, and gives its document and exit code.
func verifyIn(t *testing.T, w *doctortest.World, args ...string) (got verified, exit int) {
	t.Helper()

	run := exec.CommandContext(t.Context(), filepath.Join(command(t), "steward"), append([]string{"backup", "verify", "--json"}, args...)...)
	run.Env = environment("", "STEWARD_ENV=dev", "STEWARD_POLICY="+w.Config.Policy, "STEWARD_DATABASE_URL="+w.Config.StewardDatabase,
		"STORAGE_EMULATOR_HOST="+w.Config.StorageEmulator, "STEWARD_GCP_PROJECT=test", "HOME="+t.TempDir())

	out, err := run.Output()

	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}

	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	return got, run.ProcessState.ExitCode()
}

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}
