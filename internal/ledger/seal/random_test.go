package seal_test

import (
	"context"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/faults"
	"steward/internal/ledger"
	"steward/internal/ledger/seal"
	"steward/internal/postgres"
)

// manyCalls is more than any seal makes, so that some seals are not hit.
const manyCalls = 30

// Random appends, roll-backs, seals of random sizes and crashes at random calls
// on one ledger that only grows: after each recovery both copies verify, also
// against every checkpoint that was ever seen.
func TestRandomLifeKeepsEveryPrefix(t *testing.T) {
	t.Parallel()

	h, size := newHouse(t), int64(0)

	var kept [][]byte

	rapid.Check(t, func(r *rapid.T) {
		if n := rapid.IntRange(0, 12).Draw(r, "entries"); rapid.Bool().Draw(r, "commit") {
			h.append(t, h.db, n)
			size += int64(n)
		} else {
			h.abandon(t, n)
		}

		counter := &faults.Counter{
			N:    rapid.IntRange(1, manyCalls).Draw(r, "call"),
			Mode: rapid.SampledFrom([]faults.Mode{faults.Before, faults.After}).Draw(r, "mode"),
		}
		config := seal.Config{MaxEntries: rapid.IntRange(1, 12).Draw(r, "batch")}

		// How it ends is the injector's business; what it leaves is ours.
		_, err := h.sealer(config).Seal(faults.With(t.Context(), counter))
		if err != nil && !counter.Reached() {
			r.Fatalf("a seal without a fault: %v", err)
		}

		if report := h.audited(t, kept...); report.Tampered() {
			r.Fatalf("after a crash: %v", report.Findings)
		}

		h.finish(t)

		if report := h.audited(t, kept...); !report.Clean() || report.Size != size {
			r.Fatalf("size %d of %d: %v", report.Size, size, report.Findings)
		}

		head, err := ledger.ReadHead(t.Context(), h.db)
		if err != nil {
			r.Fatal(err)
		}

		if head.Size > 0 {
			kept = append(kept, []byte(head.Checkpoint))
		}
	})
}

// abandon appends in a transaction that is rolled back.
func (h *house) abandon(t *testing.T, n int) {
	t.Helper()

	err := h.db.InTx(t.Context(), func(_ context.Context, tx postgres.Tx) error {
		h.append(t, tx, n) //nolint:contextcheck // the test's own context is the same

		return errRollBack
	})
	if err == nil {
		t.Fatal("a transaction that failed was committed")
	}
}
