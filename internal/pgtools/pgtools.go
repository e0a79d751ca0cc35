// Package pgtools finds PostgreSQL's client programs and knows which of their
// versions have holes that matter to a backup.
package pgtools

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"

	"steward/internal/failure"
	"steward/internal/process"
)

// Version is a PostgreSQL version, such as 15.20.
type Version struct{ Major, Minor int }

// String gives the version as PostgreSQL prints it.
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// FromNumber reads server_version_num: 150020 is 15.20.
func FromNumber(number int) Version {
	const majorUnit = 10000

	return Version{Major: number / majorUnit, Minor: number % majorUnit}
}

// Tools are the programs of one installation.
type Tools struct {
	// Dir is the folder that holds them.
	Dir string
	// Version is that of its pg_dump.
	Version Version
}

// Path is the file of one program, such as "pg_dump".
func (t Tools) Path(program string) string { return filepath.Join(t.Dir, program) }

// Vulnerable reports whether these programs have known holes that a crafted
// backup or database could use: CVE-2026-18408 (restricted mode left) and
// CVE-2026-116314 (a crafted archive runs code in pg_restore), with the first
// safe minor of each major. Majors before 14 get no fixes any more.
func (v Version) Vulnerable() bool {
	minor, known := firstSafe[v.Major]
	if !known {
		return v.Major < oldestMended
	}

	return v.Minor < minor
}

// oldestMended is the oldest major that gets fixes; firstSafe is the first minor
// of each major that has all of them.
const oldestMended = 14

var firstSafe = map[int]int{14: 25, 15: 20, 16: 16, 17: 12, 18: 7} //nolint:mnd // a table of versions

// Find gives the programs to use for a server of the given major: the newest
// installation, if it is not older than the server, since pg_dump refuses a
// server that is newer than itself. STEWARD_PG_BIN, if not empty, names the
// folder instead. It fails with ConfigInvalid, or with Unavailable where a program
// that is there could not be asked for its version.
func Find(ctx context.Context, dir string, serverMajor int) (Tools, error) {
	found := []string{dir}

	if dir == "" {
		var err error

		found, err = filepath.Glob("/usr/lib/postgresql/*/bin")
		if err != nil {
			return Tools{}, fmt.Errorf("looking for PostgreSQL's programs: %w", err)
		}
	}

	var best Tools

	for _, dir := range found {
		version, err := versionOf(ctx, filepath.Join(dir, "pg_dump"))
		if failure.Is(err, failure.Unavailable) {
			// An older installation must not be chosen because the right one did
			// not start this time.
			return Tools{}, fmt.Errorf("looking for PostgreSQL's programs: %w", err)
		}

		if err == nil && version.Major > best.Version.Major {
			best = Tools{Dir: dir, Version: version}
		}
	}

	if best.Dir == "" || best.Version.Major < serverMajor {
		return Tools{}, failure.New(failure.ConfigInvalid,
			fmt.Sprintf("looking for pg_dump of PostgreSQL %d or newer (set STEWARD_PG_BIN)", serverMajor))
	}

	return best, nil
}

var versionPattern = regexp.MustCompile(`\(PostgreSQL\) (\d+)\.(\d+)`)

func versionOf(ctx context.Context, program string) (Version, error) {
	if _, err := os.Stat(program); err != nil {
		return Version{}, fmt.Errorf("looking for a program: %w", err)
	}

	var out bytes.Buffer

	err := process.Run(ctx, process.Command{
		Path: program, Args: []string{"--version"}, Stdout: &out, Name: "pg_dump --version", Code: failure.ConfigInvalid,
	})
	if err != nil {
		return Version{}, fmt.Errorf("asking for a version: %w", err)
	}

	return parse(out.String())
}

func parse(text string) (Version, error) {
	match := versionPattern.FindStringSubmatch(text)
	if match == nil {
		return Version{}, failure.New(failure.ConfigInvalid, "reading a PostgreSQL version")
	}

	major, majorErr := strconv.Atoi(match[1])
	minor, minorErr := strconv.Atoi(match[2])

	if majorErr != nil || minorErr != nil {
		return Version{}, failure.New(failure.ConfigInvalid, "reading a PostgreSQL version")
	}

	return Version{Major: major, Minor: minor}, nil
}
