package main_test

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"steward/internal/access"
)

// walk gives the lines of the first walk of docs/api.md.
func walk(t *testing.T) string {
	t.Helper()

	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}

	_, after, found := strings.Cut(string(text), "## A first walk\n")
	section, _, ends := strings.Cut(after, "\n## ")

	if !found || !ends {
		t.Fatal("docs/api.md has no first walk")
	}

	var lines []string

	for line := range strings.Lines(section) {
		if code, is := strings.CutPrefix(line, "    "); is {
			lines = append(lines, code)
		}
	}

	return strings.Join(lines, "")
}

// The first walk of docs/api.md runs as it stands, line by line, with the commands of
// this version and with requests that the document of the API and its table of roles
// allow an operator, whose token make env gives. What make and its environment give
// stands for the clone.
func TestTheFirstWalk(t *testing.T) {
	t.Parallel()

	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("this machine has no curl")
	}

	operator := newStand(t, "stw_staff_one")
	operator.role = access.Operator
	operator.answers["get-me"] = fixed(`{"id":"stf_a","handle":"operator-1","role":"operator","token":"tok_a","expires_at":"2027-02-20T12:00:00Z"}`)

	server := httptest.NewServer(operator)
	t.Cleanup(server.Close)

	dir := t.TempDir()
	script := "#!/bin/sh\necho export STEWARD_API_URL=" + server.URL + " STEWARD_TOKEN=stw_staff_one\n"

	if err := os.WriteFile(filepath.Join(dir, "make"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}

	if err := os.Symlink(command(t), filepath.Join(dir, "bin")); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		bash := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", walk(t))
		bash.Dir = dir
		bash.Env = environment(dir, "STEWARD_ENV=production", "XDG_CONFIG_HOME="+filepath.Join(dir, "config"))

		out, err := bash.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}

		for _, says := range []string{
			"logged in as operator-1", `"state":"alive"`, `"recorded":1`, "last interaction", `"kind":"account.delete"`, "account.delete", "whsec_", "told",
			"logged out",
		} {
			if !strings.Contains(string(out), says) {
				t.Errorf("%q is not in\n%s", says, out)
			}
		}
	}
}
