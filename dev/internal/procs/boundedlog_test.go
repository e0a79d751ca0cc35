package procs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"steward/dev/internal/procs"
)

func TestLogStaysWithinTwiceItsLimit(t *testing.T) {
	t.Parallel()
	const limit, lines = 1000, 500
	path := filepath.Join(t.TempDir(), "some.log")
	log, err := procs.OpenLog(path, limit)
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		if _, err := fmt.Fprintf(log, "line %d\n", i); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	var kept strings.Builder
	for _, name := range []string{path + ".1", path} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > limit {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		kept.Write(text)
	}
	// What is kept is the newest, without a hole or a torn line.
	first := lines - strings.Count(kept.String(), "\n")
	var want strings.Builder
	for i := first; i < lines; i++ {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if first == 0 || kept.String() != want.String() {
		t.Errorf("kept from line %d:\n%s", first, kept.String())
	}
}

func TestLogGoesOnWhereItWas(t *testing.T) {
	t.Parallel()
	const limit = 10
	path := filepath.Join(t.TempDir(), "some.log")
	for _, word := range []string{"12345678", "abcdefgh"} {
		log, err := procs.OpenLog(path, limit)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := log.Write([]byte(word)); err != nil {
			t.Fatal(err)
		}
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
	}
	older, olderErr := os.ReadFile(path + ".1")
	newer, newerErr := os.ReadFile(path)
	if string(older) != "12345678" || string(newer) != "abcdefgh" || olderErr != nil || newerErr != nil {
		t.Errorf("older %q (%v), newer %q (%v)", older, olderErr, newer, newerErr)
	}
}
