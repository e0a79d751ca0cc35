// Package install_test checks the scripts that look for what this clone needs, without installing anything.
package install_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programs makes a directory of stand-ins whose server says that it has this version, without the one called missing.
func programs(t *testing.T, version, missing string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"postgres", "initdb", "pg_ctl", "pg_dump", "pg_dumpall", "pg_restore", "psql"} {
		if name == missing {
			continue
		}
		script := "#!/bin/sh\necho 'postgres (PostgreSQL) " + version + "'\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// run starts the script and returns its exit code, what it printed, and what it said.
func run(t *testing.T, script string, args, env []string) (int, string, string) {
	t.Helper()
	var out, errOut bytes.Buffer
	command := exec.CommandContext(t.Context(), script, args...)
	command.Env = append(os.Environ(), env...)
	command.Stdout, command.Stderr = &out, &errOut
	err := command.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return command.ProcessState.ExitCode(), strings.TrimSpace(out.String()), errOut.String()
}

func TestPostgresVersions(t *testing.T) {
	t.Parallel()
	cases := []struct {
		version, missing string
		code             int
		says             string
	}{
		{"18.7", "", 0, ""},
		{"18.6 (Debian 18.6-1)", "", 3, "known holes (wanted: 7 as the minor of 18)"},
		{"17.12", "", 0, ""},
		{"17.11", "", 3, "known holes"},
		{"16.16", "", 0, ""},
		{"16.15", "", 3, "known holes"},
		{"15.20 (Debian 15.20-0+deb12u1)", "", 0, ""},
		{"15.19", "", 3, "known holes"},
		{"14.25", "", 0, ""},
		{"14.24", "", 3, "known holes"},
		{"13.99", "", 3, "known holes"},
		{"19.0", "", 0, ""},
		{"19beta2", "", 0, ""},
		{"18.7", "pg_restore", 2, "Run: "},
		{"18.7", "postgres", 2, "Run: "},
	}
	for _, c := range cases {
		t.Run(c.version+" without "+c.missing, func(t *testing.T) {
			t.Parallel()
			dir := programs(t, c.version, c.missing)
			for _, args := range [][]string{{"--check"}, nil} { // with STEWARD_PG_BIN neither installs anything
				code, printed, said := run(t, "./postgresql.sh", args, []string{"STEWARD_PG_BIN=" + dir})
				if code != c.code || !strings.Contains(said, c.says) || c.says == "" && said != "" {
					t.Errorf("%v: exit code %d, said %q", args, code, said)
				}
				if want := map[bool]string{true: "", false: dir}[c.code == 2]; printed != want {
					t.Errorf("%v: printed %q, want %q", args, printed, want)
				}
			}
		})
	}
}

func TestOldPostgresCanBeAccepted(t *testing.T) {
	t.Parallel()
	dir := programs(t, "15.18", "")
	code, printed, said := run(t, "./postgresql.sh", []string{"--check"}, []string{"STEWARD_PG_BIN=" + dir, "STEWARD_ALLOW_OLD_POSTGRES=1"})
	if code != 0 || printed != dir || !strings.Contains(said, "warning: PostgreSQL 15.18") {
		t.Errorf("exit code %d, printed %q, said %q", code, printed, said)
	}
}

func TestGoVersions(t *testing.T) {
	t.Parallel()
	if code, _, said := run(t, "./go.sh", nil, nil); code != 0 {
		t.Errorf("with the Go of this test: exit code %d, %s", code, said)
	}
	cases := map[string]struct {
		script string
		says   string
	}{
		"too old": {"#!/bin/sh\ncase \"$2\" in GOVERSION) echo go1.25.9 ;; *) echo local ;; esac\n", "go: 1.25.9 is too old"},
		"none":    {"", "go: not found"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if c.script != "" {
				if err := os.WriteFile(filepath.Join(dir, "go"), []byte(c.script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			// Nothing else of the machine is in PATH: a Go of the distribution would be found there.
			for _, tool := range []string{"bash", "dirname", "sed", "sort", "head"} {
				found, err := exec.LookPath(tool)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Symlink(found, filepath.Join(dir, tool)); err != nil {
					t.Fatal(err)
				}
			}
			code, _, said := run(t, "./go.sh", nil, []string{"PATH=" + dir})
			if code != 2 || !strings.Contains(said, c.says) || strings.Count(said, "\n") != 1 {
				t.Errorf("exit code %d, said %q", code, said)
			}
		})
	}
}

// An upgrade restarts clusters that run, which is their owner's decision. The one that a fresh machine's package made, and that is
// down, stands in nobody's way: without the upgrade no test could run there.
func TestOnlyAClusterThatRunsKeepsOldPrograms(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	list := "#!/bin/sh\nprintf '%s\\n' '15 main 5432 down postgres /d /l' '15 shop 5433 online postgres /d /l' " +
		"'15 copy 5434 online,recovery postgres /d /l' '16 main 5435 online postgres /d /l'\n"
	if err := os.WriteFile(filepath.Join(dir, "pg_lsclusters"), []byte(list), 0o700); err != nil {
		t.Fatal(err)
	}

	function := `eval "$(sed -n '/^running_of()/,/^}/p' postgresql.sh)"; running_of 15 | cut -d' ' -f2 | tr '\n' ' '`
	code, printed, said := run(t, "bash", []string{"-c", function}, []string{"PATH=" + dir + ":" + os.Getenv("PATH")})

	if code != 0 || printed != "shop copy" {
		t.Errorf("%d, %q, %q", code, printed, said)
	}
}
