package backup_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"steward/internal/backuptest"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/pgtest"
)

// Sizes of the parts in which an archive travels; a dump is cut on and beside
// their edges.
const (
	pipePart = 32 << 10
	agePart  = 64 << 10
	zstdPart = 128 << 10
	putPart  = 8 << 20
)

// noise makes a source whose dump is about twice as long as bytes and does not
// compress below half: a dump writes bytea in hex.
func noise(bytes int) string {
	const row = 32 << 10

	return backuptest.Small + fmt.Sprintf(`create table shop.noise (raw bytea);
		alter table shop.noise alter raw set storage external;
		insert into shop.noise select (select decode(string_agg(md5(n || '.' || i), ''), 'hex') from generate_series(1, %d) as i)
		from generate_series(1, %d) as n`, row/16, bytes/row)
}

// cut is a pg_dump whose output ends after so many bytes.
type cut struct {
	at int
	// end is the shell's last word: what becomes of the program itself.
	end string
}

// program writes a pg_dump that passes exactly the first bytes of the real one's
// output, kills the real one with SIGKILL, and ends. Its own end of the pipe
// stays open meanwhile, so that no SIGPIPE comes first.
func (c cut) program(t *testing.T) string {
	t.Helper()

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	dir := t.TempDir()
	script := strings.NewReplacer("BIN", bin, "DIR", dir, "CUT", strconv.Itoa(c.at), "END", c.end).Replace(`#!/bin/sh
case "$1" in --version) exec BIN/pg_dump --version;; esac
mkfifo DIR/pipe.$$
BIN/pg_dump "$@" > DIR/pipe.$$ & real=$!
exec 3< DIR/pipe.$$
head -c CUT <&3
kill -9 $real
END
`)

	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}

	// Roles are dumped by the real one.
	if err := os.Symlink(filepath.Join(bin, "pg_dumpall"), filepath.Join(dir, "pg_dumpall")); err != nil {
		t.Fatal(err)
	}

	return dir
}

// cuts are the bytes at which a dump of this length is cut: around the edges of
// what it travels in, at its first and last bytes, and anywhere.
func cuts(random *rand.Rand, length, anywhere int, parts ...int) []int {
	at := []int{0, 1, 5, length - 1}

	for _, part := range parts {
		at = append(at, part-1, part, part+1)
	}

	for range anywhere {
		at = append(at, random.IntN(length))
	}

	return at
}

// dumpLength is how many bytes pg_dump writes for this source.
func dumpLength(t *testing.T, b *backuptest.Bench) int {
	t.Helper()

	dir, count := t.TempDir(), filepath.Join(t.TempDir(), "count")

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	script := strings.NewReplacer("BIN", bin, "COUNT", count).Replace(`#!/bin/sh
case "$1" in --version) exec BIN/pg_dump --version;; esac
BIN/pg_dump "$@" | tee COUNT
`)

	if err := os.WriteFile(filepath.Join(dir, "pg_dump"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}

	if err := os.Symlink(filepath.Join(bin, "pg_dumpall"), filepath.Join(dir, "pg_dumpall")); err != nil {
		t.Fatal(err)
	}

	b.Taker.ToolsDir = dir
	b.Drilled(t, "2020-01-01")

	b.Taker.ToolsDir = ""

	written, err := os.Stat(count)
	if err != nil {
		t.Fatal(err)
	}

	return int(written.Size())
}

// seed is that of make replay, else a new one.
func seed(t *testing.T) uint64 {
	t.Helper()

	text := os.Getenv("STEWARD_SEED")
	if text == "" {
		return uint64(time.Now().UnixNano())
	}

	number, _, _ := strings.Cut(text, "/")

	seed, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		t.Fatalf("STEWARD_SEED: %v", err)
	}

	return seed
}

// pg_dump ends at byte k, for many k: killed, with an error, or as if all were
// well. Nothing of it ever counts as a backup, no cut archive lies in the bucket
// unless pg_dump itself called it whole, and the next attempt makes a good one.
func TestADyingDumpIsNoBackup(t *testing.T) {
	t.Parallel()

	seed := seed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	b := backuptest.New(t, noise(256<<10))
	length := dumpLength(t, b)
	at := cuts(random, length, 14, pipePart, agePart, zstdPart, 2*agePart)

	if os.Getenv("STEWARD_SOAK") != "" {
		at = cuts(random, length, 400, pipePart, 2*pipePart, agePart, 2*agePart, 3*agePart, zstdPart, 2*zstdPart, 3*zstdPart)
	}

	t.Logf("a dump of %d bytes is cut at %d places; make replay SEED=%d PKG=./internal/backup TEST=%s", length, len(at), seed, t.Name())

	for i, k := range at {
		// Which end meets which byte changes with the seed.
		end := []string{"kill -9 $$", "exit 1", "exit 0", "kill -TERM $$"}[random.IntN(4)]
		die(t, b, cut{k, end}, i)
	}
}

// An upload of more than one chunk has bytes in the bucket's hands when its dump
// dies.
func TestADumpDiesAfterItsFirstChunk(t *testing.T) {
	t.Parallel()

	if testing.Short() {
		t.Skip("it dumps 20 MB several times")
	}

	b := backuptest.New(t, noise(10<<20))
	length := dumpLength(t, b)
	at := []int{2*putPart - 1, length - 1}

	if os.Getenv("STEWARD_SOAK") != "" {
		at = cuts(rand.New(rand.NewPCG(1, 0)), length, 30, putPart, 2*putPart, 2*putPart+zstdPart)
	}

	for i, k := range at {
		die(t, b, cut{k, []string{"kill -9 $$", "exit 1"}[i%2]}, i)
	}
}

// die lets the dump of one day die, looks at what is left, and takes the day anew.
func die(t *testing.T, b *backuptest.Bench, c cut, day int) {
	t.Helper()

	opened := b.Open(t, time.Date(2021, 1, 1+day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
	b.Taker.ToolsDir = c.program(t)
	_, err := b.Taker.Take(t.Context(), opened.ID)
	b.Taker.ToolsDir = ""

	if c.end == "exit 0" {
		calledWhole(t, b, c, opened.ID, err)
	} else {
		// One that was ended by a signal says nothing about the database.
		want := failure.Unavailable
		if c.end == "exit 1" {
			want = failure.DumpFailed
		}

		if !failure.Is(err, want) {
			t.Errorf("%s after %d bytes: %v", c.end, c.at, err)
		}

		attempt := b.Row(t, opened.ID).Attempt
		for _, name := range b.Names(t) {
			if strings.Contains(name, attempt) {
				t.Fatalf("%s after %d bytes left %s", c.end, c.at, name)
			}
		}
	}

	if evidence := b.Ledger(t, opened.ID); evidence["backup.drilled"] != 0 {
		t.Fatalf("%s after %d bytes: evidence %v", c.end, c.at, evidence)
	}

	if taken, err := b.Taker.Take(t.Context(), opened.ID); err != nil || taken.State != catalogue.Taken {
		t.Fatalf("after %s at %d bytes: %+v, %v", c.end, c.at, taken, err)
	}

	b.CheckObjects(t, opened.ID)
}

// calledWhole looks at an archive that a lying pg_dump called whole: it is stored,
// and the drill does not take it.
func calledWhole(t *testing.T, b *backuptest.Bench, c cut, id string, err error) {
	t.Helper()

	if err != nil {
		t.Fatalf("%s after %d bytes: %v", c.end, c.at, err)
	}

	if _, err := b.Driller.Drill(t.Context(), id); !failure.Is(err, failure.RestoreFailed) && !failure.Is(err, failure.ContentDiffers) {
		t.Errorf("an archive of %d bytes was drilled: %v", c.at, err)
	}

	if row := b.Row(t, id); row.State != catalogue.Bad {
		t.Errorf("an archive of %d bytes is %s", c.at, row.State)
	}
}
