package install_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// clone is an invented clone with the real Makefile, and a go command that builds
// a devenv which only tells what it was asked for.
func clone(t *testing.T) (run func(target string) string, dir string) {
	t.Helper()
	dir = t.TempDir()
	text, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []struct{ name, text string }{
		{"Makefile", string(text)},
		{"dev/install/go.sh", "#!/bin/sh\n"},
		{"tools/go", "#!/bin/sh\nmkdir -p .dev/bin && printf '#!/bin/sh\\necho \"devenv $*\"\\n' >.dev/bin/devenv && chmod +x .dev/bin/devenv\n"},
	} {
		path := filepath.Join(dir, file.name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(file.text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return func(target string) string {
		t.Helper()
		command := exec.CommandContext(t.Context(), "make", "-s", target)
		command.Dir = dir
		command.Env = []string{"PATH=" + filepath.Join(dir, "tools") + ":" + os.Getenv("PATH")}
		out, err := command.Output()
		if err != nil {
			t.Errorf("make %s: %v", target, err)
		}
		return strings.TrimSpace(string(out))
	}, dir
}

// TestCleanHidesNothingThatRuns has make clean between up and the targets that look
// after what up started.
func TestCleanHidesNothingThatRuns(t *testing.T) {
	t.Parallel()
	run, dir := clone(t)
	for _, target := range []string{"down", "reset"} {
		if out := run(target); !strings.HasPrefix(out, "Nothing") {
			t.Errorf("%s of what was never started: %s", target, out)
		}
	}
	for _, trace := range []string{".dev/ports.json", ".dev/run/worker.json", ".dev/place.json"} {
		path := filepath.Join(dir, trace)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, target := range []string{"down", "reset", "env", "status"} {
			run("clean")
			if out := run(target); out != "devenv "+target {
				t.Errorf("%s after clean, with %s: %q", target, trace, out)
			}
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
