package demoapp_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/dev/demoapp"
	"steward/dev/internal/hidden"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/store"
)

// The largest account of a large product goes, an eighth of all that is collected: a full dump holds none of its canaries
// afterwards, what others have is as it was, each foreign key holds, and the memory of the process that erased is that of
// an account a hundredth of the size.
func TestErasingALargeAccountInALargeDatabase(t *testing.T) {
	t.Parallel()

	if os.Getenv("STEWARD_SOAK") == "" {
		t.Skip("minutes: with STEWARD_SOAK=1")
	}

	const most = 64 << 20 // what batches, places and a plan of the schema may take, of either size

	little := eraseLargest(t, demoapp.Size{Accounts: 1_000, Displays: 50_000, Seed: 1})
	large := eraseLargest(t, demoapp.Size{Accounts: 1_000, Displays: 5_000_000, Seed: 1})

	if large > little+most {
		t.Errorf("%d MB of memory for the large account, %d MB for the little one", large>>20, little>>20)
	}
}

// eraseLargest fills a database, erases its largest account, looks at all that there is then, and gives the memory that
// the erasure took.
func eraseLargest(t *testing.T, size demoapp.Size) (memory int64) {
	t.Helper()

	began := time.Now()
	url := filled(t, size)
	conn := open(t, url)
	of := appdb.New(opened(t, url), decided(t), appdb.Options{PseudonymKey: bytes.Repeat([]byte{7}, 32)})
	subject := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}
	before, had, planned := others(t, conn, "1"), left(t, conn, "1"), plannedRows(t, of, subject)
	canaries := canariesOf(t, url)
	took := []time.Duration{time.Since(began)}

	memory = peak(t, func() {
		began = time.Now()

		if outcome, _ := erase(t, of, subject); outcome.Kind != store.Erased || outcome.Count != planned || int(planned) < size.Displays/8 {
			t.Errorf("%+v, planned %d", outcome, planned)
		}

		took = append(took, time.Since(began))
	})

	if diff := cmp.Diff(before, others(t, conn, "1")); diff != "" {
		t.Error("other accounts' rows changed:", diff)
	}

	if rows := left(t, conn, "1"); rows != 0 {
		t.Errorf("%d of %d rows are left", rows, had)
	}

	if found := inDump(t, url, canaries); len(found) > 0 {
		t.Errorf("of %d canaries, the dump has %q", len(canaries), found)
	}

	if kept := inDump(t, url, []string{sharedWithTwin}); len(kept) == 0 {
		t.Error("the dump has nothing of the other account: it says nothing")
	}

	keysHold(t, url)
	t.Logf("%d displays, seed %d: %d rows erased and verified in %s (made and hashed in %s), %d MB of memory at most, looked at in %s",
		size.Displays, size.Seed, planned, took[1].Round(time.Second), took[0].Round(time.Second), memory>>20, time.Since(began).Round(time.Second)-took[1].Round(time.Second))

	return memory
}

// peak is the most memory that the process holds while it works, in bytes: what the kernel counts since it was told to forget.
func peak(t *testing.T, work func()) int64 {
	t.Helper()

	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skip("the kernel counts no peak of its own for this process:", err)
	}

	work()

	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}

	_, after, found := strings.Cut(string(status), "VmHWM:")

	var kilobytes int64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil || !found {
		t.Fatal(found, err)
	}

	return kilobytes << 10
}

// inDump reads a full dump, and gives those of the texts that are in it, in any form: what is binary is written in hex.
func inDump(t *testing.T, url string, texts []string) (found []string) {
	t.Helper()

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()

	dump := exec.CommandContext(ctx, pgDump(t), "--dbname", url, "--inserts")

	out, err := dump.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}

	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}

	const overlap = 1 << 10 // more than the longest form of a text, so that none is cut in two

	missing := map[string]map[string]string{}
	for _, text := range texts {
		missing[text] = hidden.Forms(text)
	}

	part, kept := make([]byte, 1<<20), 0

	for {
		read, err := io.ReadFull(out, part[kept:])
		end := kept + read
		found = append(found, sought(part[:end], missing)...)

		if err == io.EOF || err == io.ErrUnexpectedEOF {
			break
		}

		if err != nil {
			t.Fatal(err)
		}

		kept = copy(part, part[end-overlap:end])
	}

	if err := dump.Wait(); err != nil {
		t.Fatal("the dump:", err)
	}

	return found
}

// sought takes the texts that are in a part of a dump from those that are missing.
func sought(part []byte, missing map[string]map[string]string) (found []string) {
	for text, forms := range missing {
		for _, form := range forms {
			if bytes.Contains(part, []byte(form)) {
				found = append(found, text)
				delete(missing, text)

				break
			}
		}
	}

	return found
}

// canariesOf are those of the large account that go with it; before it goes, each of them is in a dump: so the dump is
// known to show them.
func canariesOf(t *testing.T, url string) (canaries []string) {
	t.Helper()

	for _, canary := range demoapp.PlantedCanaries() {
		if canary.Account == 1 && canary.Value != sharedWithTwin {
			canaries = append(canaries, canary.Value)
		}
	}

	allInDump(t, url, canaries)

	return canaries
}

// allInDump expects each of the texts in a dump.
func allInDump(t *testing.T, url string, texts []string) {
	t.Helper()

	found := inDump(t, url, texts)
	for _, text := range texts {
		if !slices.Contains(found, text) {
			t.Errorf("%s is not in the dump before it is erased", text)
		}
	}
}

func pgDump(t *testing.T) string {
	t.Helper()

	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if err != nil || len(found) == 0 {
		return "pg_dump"
	}

	return found[len(found)-1]
}

// keysHold has the server look at each foreign key anew: it does so where one is added.
func keysHold(t *testing.T, url string) {
	t.Helper()

	conn := open(t, url)

	const again = `do $$ declare k record; begin
		for k in select conrelid::regclass as t, conname, pg_get_constraintdef(oid) as def from pg_constraint where contype = 'f' and conparentid = 0 loop
			execute format('alter table %s drop constraint %I', k.t, k.conname);
			execute format('alter table %s add constraint %I %s', k.t, k.conname, k.def);
		end loop; end $$`

	if keys := query[int64](t, conn, `SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0`); keys < 10 {
		t.Errorf("there are %d foreign keys", keys)
	}

	if _, err := conn.Exec(t.Context(), again); err != nil {
		t.Error("a foreign key does not hold:", err)
	}
}
