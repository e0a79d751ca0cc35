package clocks_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"steward/internal/clocks"
)

func TestDevClockFollowsItsFile(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "clock")
	clock := clocks.Dev(path)

	if got := clock.Now().Sub(clocks.System().Now()); got.Abs() > time.Minute {
		t.Fatalf("a missing file moved the clock by %v", got)
	}

	if err := clocks.Write(path, 48*time.Hour); err != nil {
		t.Fatal(err)
	}

	if got := clock.Now().Sub(clocks.System().Now()); (got - 48*time.Hour).Abs() > time.Minute {
		t.Fatalf("clock is %v ahead, want 48h", got)
	}
}

func TestReadRefusesNonsense(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "clock")
	if err := os.WriteFile(path, []byte("tomorrow\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	if _, err := clocks.Read(path); err == nil {
		t.Fatal("a clock file that holds no duration was accepted")
	}

	if _, err := clocks.Read(t.TempDir()); err == nil {
		t.Fatal("a directory was accepted as a clock file")
	}

	if got := clocks.Dev(path).Now().Sub(clocks.System().Now()); got.Abs() > time.Minute {
		t.Fatalf("an unreadable file moved the clock by %v", got)
	}
}

func TestDevClockHoldsItsLastOffset(t *testing.T) {
	t.Parallel()

	const years = 17520 * time.Hour

	path := filepath.Join(t.TempDir(), "clock")
	clock := clocks.Dev(path)

	if err := clocks.Write(path, years); err != nil {
		t.Fatal(err)
	}

	ahead := func() time.Duration { return clock.Now().Sub(clocks.System().Now()) }
	if got := ahead(); (got - years).Abs() > time.Minute {
		t.Fatalf("clock is %v ahead, want %v", got, years)
	}

	for _, garbled := range []string{"", "175", "tomorrow\n"} {
		if err := os.WriteFile(path, []byte(garbled), 0o600); err != nil {
			t.Fatal(err)
		}

		if got := ahead(); (got - years).Abs() > time.Minute {
			t.Errorf("%q in the file moved the clock to %v", garbled, got)
		}
	}

	// A folder in the file's place cannot be read at all.
	if err := errors.Join(os.Remove(path), os.Mkdir(path, 0o700)); err != nil {
		t.Fatal(err)
	}

	if got := ahead(); (got - years).Abs() > time.Minute {
		t.Errorf("an unreadable file moved the clock to %v", got)
	}

	// Only a missing file means that the clock was never moved.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}

	if got := ahead(); got.Abs() > time.Minute {
		t.Errorf("a missing file left the clock %v ahead", got)
	}
}

func TestWriteReportsWhatItCouldNotDo(t *testing.T) {
	t.Parallel()

	if err := clocks.Write(filepath.Join(t.TempDir(), "missing", "clock"), time.Hour); err == nil {
		t.Fatal("no error though the folder is missing")
	}

	taken := filepath.Join(t.TempDir(), "clock")
	if err := os.Mkdir(taken, 0o700); err != nil {
		t.Fatal(err)
	}

	if err := clocks.Write(taken, time.Hour); err == nil {
		t.Fatal("no error though a folder stands in the way")
	}
}

func ExampleFixed() {
	clock := clocks.Fixed(time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC))
	fmt.Println(clock.Now().Format(time.RFC3339))
	// Output: 2026-11-22T03:00:00Z
}
