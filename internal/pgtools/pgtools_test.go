package pgtools_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/pgtools"
)

// The first minor of each major that has no known hole, and its neighbours.
func TestVulnerable(t *testing.T) {
	t.Parallel()

	for version, want := range map[pgtools.Version]bool{
		{13, 99}: true, {14, 24}: true, {14, 25}: false, {15, 18}: true, {15, 19}: true, {15, 20}: false, {16, 15}: true,
		{16, 16}: false, {17, 11}: true, {17, 12}: false, {18, 6}: true, {18, 7}: false, {19, 0}: false, {9, 6}: true,
	} {
		if version.Vulnerable() != want {
			t.Errorf("%s: %t", version, !want)
		}
	}
}

func ExampleFromNumber() {
	fmt.Println(pgtools.FromNumber(150020))
	// Output: 15.20
}

func fake(t *testing.T, script string) string {
	t.Helper()

	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}

	return dir
}

func TestFind(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		script string
		server int
		code   failure.Code
		want   pgtools.Version
	}{
		{"echo 'pg_dump (PostgreSQL) 16.4 (Debian 16.4-1)'", 15, "", pgtools.Version{Major: 16, Minor: 4}},
		{"echo 'pg_dump (PostgreSQL) 16.4'", 16, "", pgtools.Version{Major: 16, Minor: 4}},
		{"echo 'pg_dump (PostgreSQL) 16.4'", 17, failure.ConfigInvalid, pgtools.Version{}},
		{"echo 'pg_dump (PostgreSQL) 17beta1'", 16, failure.ConfigInvalid, pgtools.Version{}},
		{"echo 'pg_dump (PostgreSQL) 99999999999999999999.1'", 16, failure.ConfigInvalid, pgtools.Version{}},
		{"exit 1", 15, failure.ConfigInvalid, pgtools.Version{}},
	} {
		dir := fake(t, c.script)

		tools, err := pgtools.Find(t.Context(), dir, c.server)
		if failure.CodeOf(err) != c.code || tools.Version != c.want {
			t.Errorf("%s for %d: %+v, %v", c.script, c.server, tools, err)
		}

		if err == nil && tools.Path("pg_dump") != filepath.Join(dir, "pg_dump") {
			t.Error(tools.Path("pg_dump"))
		}
	}

	if _, err := pgtools.Find(t.Context(), t.TempDir(), 15); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

func TestFindOnThisMachine(t *testing.T) {
	t.Parallel()

	tools, err := pgtools.Find(t.Context(), "", 14)
	if err != nil || tools.Version.Major < 14 {
		t.Fatal(tools, err)
	}

	// A program that could not be asked this time does not make the day fail for good.
	ctx := faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.Before})
	if _, err := pgtools.Find(ctx, "", 14); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}
