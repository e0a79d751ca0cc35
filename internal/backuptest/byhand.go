package backuptest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"steward/internal/pgtest"
)

// ByHand is somebody who restores a backup by what docs/backup.md says, without Steward: with the page, the bucket, an identity
// and a cluster.
type ByHand struct {
	// Dir is a directory of the test; below it, in bucket/, lies what was downloaded.
	Dir string
	// Values are those that the page asks for, by their names in its first block.
	Values map[string]string
}

// Object is one of the bucket.
type Object struct {
	// Name is that in the bucket.
	Name string
	// Generation is what the page may ask for it by; 0 where nobody knows it.
	Generation int64
	// Content are its bytes.
	Content []byte
}

// gcloud stands in for Google's program: any download would do.
const gcloud = `#!/bin/bash
set -eu
case "$1 $2" in
"storage ls") cat "$BUCKET/.listing" ;;
"storage cp") cp "$BUCKET/${3#gs://*/}" "$4" ;;
*) exit 2 ;;
esac
`

// NewByHand is somebody with the programs of the page; without them the test is skipped.
func NewByHand(t *testing.T) *ByHand {
	t.Helper()

	for _, program := range []string{"bash", "age", "zstd", "openssl", "psql", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: restoring by hand was not tried; .ci/run installs it", program)
		}
	}

	return &ByHand{Dir: t.TempDir(), Values: map[string]string{}}
}

// Into names the cluster to restore in.
func (h *ByHand) Into(cluster *pgtest.Cluster) {
	h.Values["PGHOST"], h.Values["PGPORT"], h.Values["PGUSER"] = "127.0.0.1", strconv.Itoa(cluster.Port()), "postgres"
}

// Download puts a bucket where the stand-in finds it, with a listing in which each object is a minute younger than the one
// before it.
func (h *ByHand) Download(t *testing.T, bucket string, objects []Object) {
	t.Helper()

	var listing bytes.Buffer

	for i, object := range objects {
		h.Store(t, object.Name, object.Content)

		if object.Generation != 0 {
			h.Store(t, object.Name+"#"+strconv.FormatInt(object.Generation, 10), object.Content)
		}

		fmt.Fprintf(&listing, "%10d  2026-11-22T02:%02d:00Z  gs://%s/%s\n", len(object.Content), i, bucket, object.Name)
	}

	fmt.Fprintf(&listing, "TOTAL: %d objects, 1 bytes (1B)\n", len(objects))
	h.Store(t, ".listing", listing.Bytes())
}

// Store puts one object there, in place of what has its name.
func (h *ByHand) Store(t *testing.T, name string, stored []byte) {
	t.Helper()

	path := filepath.Join(h.Dir, "bucket", name)
	check(t, os.MkdirAll(filepath.Dir(path), 0o700))
	check(t, os.WriteFile(path, stored, 0o600))
}

// page reads the commands of docs/backup.md: the block of values that a reader
// fills in, and all others as one script.
func page(t *testing.T) (values, script string) {
	t.Helper()

	_, here, _, _ := runtime.Caller(0) //nolint:dogsled // the file alone is asked for

	text, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "docs", "backup.md"))
	check(t, err)

	var all strings.Builder

	for _, block := range regexp.MustCompile("(?s)\n```(sh[^\n]*)\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1) {
		if block[1] == "sh values" {
			values = block[2] + "\n"
		} else {
			all.WriteString(block[2] + "\n")
		}
	}

	script = all.String()

	if !strings.Contains(script, "pg_restore --create") || !strings.Contains(script, "openssl pkeyutl -verify") {
		t.Fatalf("the page has lost its commands:\n%s", script)
	}

	return values, script
}

// Restore follows the page in a fresh directory and gives what was printed. The
// values of the page are replaced one by one: a new one needs its place in Values.
func (h *ByHand) Restore(t *testing.T) (string, error) {
	t.Helper()

	values, script := page(t)
	work := t.TempDir()

	bin, err := pgtest.Bin()
	check(t, err)
	check(t, os.WriteFile(filepath.Join(work, "gcloud"), []byte(gcloud), 0o700))

	values = regexp.MustCompile(`\b([A-Za-z_]+)=('[^']*'|\S+)`).ReplaceAllStringFunc(values, func(assignment string) string {
		name, _, _ := strings.Cut(assignment, "=")

		value, known := h.Values[name]
		if !known {
			t.Fatalf("the page asks for %s", name)
		}

		return name + "='" + value + "'"
	})

	path := filepath.Join(work, "by-hand.sh")
	check(t, os.WriteFile(path, []byte(values+script), 0o600))

	command := exec.CommandContext(t.Context(), "bash", path)
	command.Dir = work
	command.Env = []string{"PATH=" + work + ":" + bin + ":" + os.Getenv("PATH"), "BUCKET=" + filepath.Join(h.Dir, "bucket"), "LC_ALL=C"}
	output, err := command.CombinedOutput()

	return string(output), err
}
