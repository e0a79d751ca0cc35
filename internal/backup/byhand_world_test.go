package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/content"
	"steward/internal/gcs"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// blocks reads the commands of docs/backup.md: the block of values that a reader
// fills in, and all others as one script.
func blocks(t *testing.T) (values, script string) {
	t.Helper()

	page, err := os.ReadFile("../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}

	var all strings.Builder

	for _, block := range regexp.MustCompile("(?s)\n```(sh[^\n]*)\n(.*?)\n```\n").FindAllStringSubmatch(string(page), -1) {
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

// byHand is somebody with the page, the bucket, an identity and a cluster.
type byHand struct {
	dir     string
	cluster *pgtest.Cluster
	values  map[string]string
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

func newByHand(t *testing.T) *byHand {
	t.Helper()

	for _, program := range []string{"bash", "age", "zstd", "openssl", "psql", "pg_restore"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("no %s here: restoring by hand was not tried; .ci/run installs it", program)
		}
	}

	cluster := pgtest.Own(t)

	return &byHand{dir: t.TempDir(), cluster: cluster, values: map[string]string{"database": "app", "day": "2026-11-22"}}
}

// download puts the bucket where the stand-in finds it, each object with and
// without its generation.
func (h *byHand) download(t *testing.T, b *backuptest.Bench, id string) {
	t.Helper()

	objects, err := catalogue.Objects(t.Context(), b.Steward, id)
	if err != nil {
		t.Fatal(err)
	}

	var listing bytes.Buffer

	for i, object := range objects {
		stored := b.Read(t, object.Name, object.Generation)
		h.store(t, object.Name, stored)
		h.store(t, object.Name+"#"+strconv.FormatInt(object.Generation, 10), stored)
		fmt.Fprintf(&listing, "%10d  2026-11-22T02:3%d:00Z  gs://backups/%s\n", len(stored), i, object.Name)
	}

	fmt.Fprintf(&listing, "TOTAL: %d objects, 1 bytes (1B)\n", len(objects))
	h.store(t, ".listing", listing.Bytes())
}

// downloadOf puts a whole bucket there, as it lies.
func (h *byHand) downloadOf(t *testing.T, b *backuptest.Bench, bucket *gcs.Bucket) {
	t.Helper()

	var listing bytes.Buffer

	for object, err := range bucket.List(t.Context(), "", gcs.ListOptions{}) {
		if err != nil {
			t.Fatal(err)
		}

		h.store(t, object.Name, b.Read(t, object.Name, object.Generation))
		fmt.Fprintf(&listing, "%10d  2026-11-22T02:30:00Z  gs://%s/%s\n", object.Size, bucket.Name(), object.Name)
	}

	h.store(t, ".listing", listing.Bytes())
}

func (h *byHand) store(t *testing.T, name string, stored []byte) {
	t.Helper()

	path := filepath.Join(h.dir, "bucket", name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(path, stored, 0o600); err != nil {
		t.Fatal(err)
	}
}

// restore follows the page in a fresh directory and gives what was printed. The
// values of the page are replaced one by one: a new one needs its place here.
func (h *byHand) restore(t *testing.T) (string, error) {
	t.Helper()

	values, script := blocks(t)
	work := t.TempDir()

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	if err := os.WriteFile(filepath.Join(work, "gcloud"), []byte(gcloud), 0o700); err != nil {
		t.Fatal(err)
	}

	values = regexp.MustCompile(`\b([A-Za-z_]+)=('[^']*'|\S+)`).ReplaceAllStringFunc(values, func(assignment string) string {
		name, _, _ := strings.Cut(assignment, "=")

		value, known := h.values[name]
		if !known {
			t.Fatalf("the page asks for %s", name)
		}

		return name + "='" + value + "'"
	})

	path := filepath.Join(work, "by-hand.sh")
	if err := os.WriteFile(path, []byte(values+script), 0o600); err != nil {
		t.Fatal(err)
	}

	command := exec.CommandContext(t.Context(), "bash", path)
	command.Dir = work
	command.Env = []string{"PATH=" + work + ":" + bin + ":" + os.Getenv("PATH"), "BUCKET=" + filepath.Join(h.dir, "bucket"), "LC_ALL=C"}
	output, err := command.CombinedOutput()

	return string(output), err
}

// drop removes what a restore made, its roles apart.
func (h *byHand) drop(t *testing.T, name string) {
	t.Helper()
	backuptest.Exec(t, h.cluster.URL("postgres"), "drop database if exists "+pgx.Identifier{name}.Sanitize())
}

func described(t *testing.T, at string) (description content.Description) {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	err = db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		description, err = content.Describe(ctx, tx, nil)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return description
}

func pgDatabase(t *testing.T, at string) string {
	t.Helper()

	config, err := pgx.ParseConfig(at)
	if err != nil {
		t.Fatal(err)
	}

	return config.Database
}

func exists(t *testing.T, at, database string) (found bool) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))

	if err := conn.QueryRow(t.Context(), "select exists (select from pg_database where datname = $1)", database).Scan(&found); err != nil {
		t.Fatal(err)
	}

	return found
}
