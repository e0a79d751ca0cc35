package state_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"steward/dev/internal/state"
)

// clone makes a directory that looks like a clone and opens its .dev.
func clone(t *testing.T) state.Dir {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module steward\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	opened, err := state.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

func TestOpenRefusesOtherDirectories(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := state.Open(dir); !errors.Is(err, state.ErrNoClone) {
		t.Fatalf("opened a directory that is no clone: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, ".dev")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("left a .dev behind in a directory that is no clone")
	}
}

func TestLockIsExclusiveAndLetsGo(t *testing.T) {
	t.Parallel()
	dir := clone(t)
	unlock, err := dir.Lock()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Lock(); !errors.Is(err, state.ErrBusy) {
		t.Fatalf("second lock: got %v, want ErrBusy", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
	again, err := dir.Lock()
	if err != nil {
		t.Fatalf("lock after unlock: %v", err)
	}
	if err := again(); err != nil {
		t.Fatal(err)
	}
}

func TestSecretStaysAndIsPrivate(t *testing.T) {
	t.Parallel()
	dir := clone(t)
	first, err := dir.Secret("app_admin")
	if err != nil {
		t.Fatal(err)
	}
	second, err := dir.Secret("app_admin")
	if err != nil || second != first {
		t.Fatalf("second reading: %v, same=%v", err, second == first)
	}
	other, err := dir.Secret("temporal")
	if err != nil || other == first {
		t.Fatalf("two names share a password (%v)", err)
	}
	info, err := os.Stat(dir.Path("secrets", "app_admin"))
	if err != nil || info.Mode().Perm() != state.FileMode {
		t.Fatalf("mode %v, want %v (%v)", info.Mode().Perm(), state.FileMode, err)
	}
}

func TestExportsSurviveTheShell(t *testing.T) {
	t.Parallel()
	value := `a'b"c $HOME \ & ;` + "\n" + "`date`"
	script := state.Exports([]state.Var{{Name: "TRICKY", Value: value}}) + `printf %s "$TRICKY"`
	got, err := exec.CommandContext(t.Context(), "sh", "-c", script).Output()
	if err != nil || string(got) != value {
		t.Fatalf("got %q, want %q (%v)", got, value, err)
	}
}

func TestJSONMissingIsNotAnError(t *testing.T) {
	t.Parallel()
	dir := clone(t)
	value := map[string]int{"old": 1}
	found, err := state.ReadJSON(dir.Path("none.json"), &value)
	if found || err != nil || value["old"] != 1 {
		t.Fatalf("found=%v err=%v value=%v", found, err, value)
	}
	if err := state.WriteJSON(dir.Path("some.json"), value); err != nil {
		t.Fatal(err)
	}
	var back map[string]int
	if found, err = state.ReadJSON(dir.Path("some.json"), &back); !found || err != nil || back["old"] != 1 {
		t.Fatalf("found=%v err=%v value=%v", found, err, back)
	}
	if err := os.WriteFile(dir.Path("bad.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = state.ReadJSON(dir.Path("bad.json"), &back)
	if err == nil || !strings.Contains(err.Error(), "make reset") {
		t.Fatalf("a broken file must name the remedy: %v", err)
	}
}
