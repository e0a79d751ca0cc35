package pgtest

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// holed is a pg_dump that says to be the first minor of its major, which has every
// hole that a later one mended, and works as the one it stands for.
const holed = `#!/bin/sh
if test "$1" != --version; then exec '%[1]s' "$@"; fi
'%[1]s' --version | sed 's/\([0-9]*\)\.[0-9]*/\1.0/'
`

// HoledBin gives a folder with this machine's PostgreSQL programs that work as ever
// and say to be of a version with known holes; it goes when the test ends.
func HoledBin(t testing.TB) string {
	t.Helper()

	bin, err := Bin()
	if err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	for _, program := range []string{"pg_dumpall", "pg_restore"} {
		if err := os.Symlink(filepath.Join(bin, program), filepath.Join(dir, program)); err != nil {
			t.Fatal(err)
		}
	}

	script := fmt.Sprintf(holed, filepath.Join(bin, "pg_dump"))
	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}

	return dir
}
