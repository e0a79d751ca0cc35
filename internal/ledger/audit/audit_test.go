package audit_test

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/ledgertest"
)

func TestEmptyLedgerIsClean(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer)
	options := audit.Options{Verifier: verifier}

	report, err := audit.Verify(t.Context(), options, world.Database(), world.Mirror())
	if err != nil || !report.Clean() || report.Size != 0 || report.Root != world.Head.Root {
		t.Fatalf("%+v, %v", report, err)
	}

	world.Head.Root[0] ^= 1

	report, err = audit.Verify(t.Context(), options, world.Database(), world.Mirror())
	if err != nil || !strings.Contains(text(report), "database: head_mismatch at size 0") {
		t.Fatalf("%s, %v", text(report), err)
	}

	// An empty ledger cannot hide that there was one.
	full := ledgertest.NewWorld(t, signer, 3)

	report, err = audit.Verify(t.Context(), options, world.Database(), world.Mirror(), []byte(full.Head.Checkpoint))
	if err != nil || !strings.Contains(text(report), "both: rewound from 0 to 2: a kept checkpoint is newer") {
		t.Fatalf("%s, %v", text(report), err)
	}

	report, err = audit.Verify(t.Context(), options, world.Database(), full.Mirror())
	if err != nil || !strings.Contains(text(report), "database: rewound from 0 to 2") {
		t.Fatalf("%s, %v", text(report), err)
	}
}

// Whoever waits for a long verification sees it get on, up to the end.
func TestVerifyTellsHowFarItIs(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 3, 4, 2)

	var told []int64

	options := audit.Options{Verifier: verifier, Tell: func(entries int64) { told = append(told, entries) }}

	report, err := audit.Verify(t.Context(), options, world.Database(), world.Mirror())
	if err != nil || !report.Clean() {
		t.Fatalf("%s, %v", text(report), err)
	}

	if !slices.IsSorted(told) || len(told) < 2 || told[len(told)-1] > report.Size || told[0] == report.Size {
		t.Errorf("told %v of %d", told, report.Size)
	}
}

func text(report audit.Report) string {
	var out []string
	for _, f := range report.Findings {
		out = append(out, f.String())
	}

	return strings.Join(out, "\n")
}

func TestUnsealedEntriesAreCountedAndLimited(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 4)
	now := time.Date(2026, 11, 22, 5, 0, 0, 0, time.UTC)
	db := world.Database()
	db.Unsealed, db.OldestUnsealed = 3, now.Add(-time.Minute)

	for limit, findings := range map[time.Duration]int{0: 0, time.Hour: 0, time.Second: 1} {
		options := audit.Options{Verifier: verifier, AsOf: now, UnsealedLimit: limit}

		report, err := audit.Verify(t.Context(), options, db, world.Mirror())
		if err != nil || len(report.Findings) != findings || report.UnsealedAge != time.Minute || report.Tampered() {
			t.Errorf("limit %s: %+v, %v", limit, report, err)
		}
	}
}

func TestBadKeptCheckpointIsNamed(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	stranger, _ := ledgertest.Keys(t)
	world, other := ledgertest.NewWorld(t, signer, 4), ledgertest.NewWorld(t, stranger, 4)

	report, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, world.Database(), world.Mirror(),
		[]byte(other.Head.Checkpoint), []byte(world.Head.Checkpoint))
	if err != nil || text(report) != "kept: checkpoint_bad at size 0" {
		t.Fatalf("%s, %v", text(report), err)
	}
}

func TestStrangeObjectsAreNamed(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)

	for name, want := range map[string]string{
		"segments/notes.txt":      "mirror: inserted at size 5: an object whose name is no segment's",
		"checkpoints/notes.txt":   "mirror: inserted at size 9: an object whose name is no checkpoint's",
		ledger.SegmentName(9, 12): "mirror: inserted from 9 to 11: a segment beyond the end",
		ledger.CheckpointName(4):  "mirror: checkpoint_bad at size 4",
	} {
		world := ledgertest.NewWorld(t, signer, 5, 4)
		world.Objects[name] = []byte("x")

		report, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, world.Database(), world.Mirror())
		if err != nil || text(report) != want {
			t.Errorf("%s: %s, %v", name, text(report), err)
		}
	}

	world := ledgertest.NewWorld(t, signer, 5, 4)
	world.Segments = append([]audit.SegmentRow{{From: -1, To: 0}}, world.Segments...)
	world.Segments = append(world.Segments, audit.SegmentRow{From: 9, To: 12})

	report, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, world.Database(), world.Mirror())
	if err != nil || !strings.Contains(text(report), "segment_changed from 9 to 11") || len(report.Findings) != 2 {
		t.Errorf("%s, %v", text(report), err)
	}
}

var errBroken = errors.New("broken")

func failing[T any](good iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item := range good {
			if !yield(item, nil) {
				return
			}

			break
		}

		var none T

		yield(none, errBroken)
	}
}

// A copy that cannot be read is an error, never a finding and never clean.
func TestUnreadableCopyIsAnError(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 4, 4)

	for name, spoil := range map[string]func(*audit.Copy, *audit.Mirror){
		"entries":     func(c *audit.Copy, _ *audit.Mirror) { c.Entries = failing(c.Entries) },
		"hashes":      func(c *audit.Copy, _ *audit.Mirror) { c.Hashes = failing(c.Hashes) },
		"rows":        func(c *audit.Copy, _ *audit.Mirror) { c.Segments = failing(c.Segments) },
		"segments":    func(_ *audit.Copy, m *audit.Mirror) { m.Segments = failing(m.Segments) },
		"checkpoints": func(_ *audit.Copy, m *audit.Mirror) { m.Checkpoints = failing(m.Checkpoints) },
	} {
		db, mirror := world.Database(), world.Mirror()
		spoil(&db, &mirror)

		_, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, db, mirror)
		if !errors.Is(err, errBroken) || !failure.Is(err, failure.Unavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if _, err := audit.Verify(ended, audit.Options{Verifier: verifier}, world.Database(), world.Mirror()); err == nil {
		t.Error("an ended context gave a report")
	}
}

// Whatever is left of a segment, what comes after it is proven again.
func TestDestroyedSegmentDoesNotHideTheRest(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 4, 4, 4)

	for i := range int64(4) {
		world.Rows[i].Entry.Body = []byte("{}")
		world.Rows[i].LeafHash = world.Rows[i].Entry.Hash()
		world.Nodes[i].Hash[0] ^= 1
	}

	delete(world.Objects, ledger.SegmentName(0, 4))
	world.Rows[9].Entry.Kind = "x"

	report, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, world.Database(), world.Mirror())
	if err != nil || !strings.Contains(text(report), "database: changed at 9") || strings.Contains(text(report), "unproven") {
		t.Fatalf("%s, %v", text(report), err)
	}
}

func TestReportIsBounded(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)
	world := ledgertest.NewWorld(t, signer, 4)
	row := world.Rows[0]

	for i := range int64(audit.MaxFindings + 5) {
		row.Position = 10 + 2*i
		world.Rows = append(world.Rows, row)
	}

	report, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, world.Database(), world.Mirror())
	if err != nil || len(report.Findings) > audit.MaxFindings || report.More == 0 {
		t.Fatalf("%d findings, %d more, %v", len(report.Findings), report.More, err)
	}
}

// Any ledger that was sealed honestly is clean, and so is each of its prefixes
// against all of its checkpoints so far; no change of any byte is.
func TestHonestHistoriesAreCleanAndOthersAreNot(t *testing.T) {
	t.Parallel()

	signer, verifier := ledgertest.Keys(t)

	rapid.Check(t, func(r *rapid.T) {
		world := ledgertest.NewWorld(t, signer, rapid.SliceOfN(rapid.IntRange(1, 9), 1, 8).Draw(r, "sizes")...)
		n := rapid.IntRange(1, len(world.Segments)).Draw(r, "prefix")
		prefix := ledgertest.NewWorldFrom(world, n)

		var kept [][]byte
		for _, s := range prefix.Segments {
			kept = append(kept, []byte(s.Checkpoint))
		}

		report, err := audit.Verify(t.Context(), audit.Options{Verifier: verifier}, prefix.Database(), prefix.Mirror(), kept...)
		if err != nil || !report.Clean() || report.Segments != int64(n) {
			r.Fatalf("%+v, %v", report, err)
		}

		name := rapid.SampledFrom(slices.Sorted(maps.Keys(prefix.Objects))).Draw(r, "object")
		at := rapid.IntRange(0, len(prefix.Objects[name])-1).Draw(r, "byte")
		prefix.Flip(name, at, 1<<rapid.IntRange(0, 7).Draw(r, "bit"))

		report, err = audit.Verify(t.Context(), audit.Options{Verifier: verifier}, prefix.Database(), prefix.Mirror())
		if err != nil || !report.Tampered() {
			r.Fatalf("byte %d of %s: %+v, %v", at, name, report, err)
		}
	})
}
