package seal_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// ticking is a clock that moves on by a second at each look.
type ticking struct {
	mu  sync.Mutex
	now time.Time
}

func (c *ticking) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.now = c.now.Add(time.Second)

	return c.now
}

// house is a steward database with a mirror and a key.
type house struct {
	db       *postgres.DB
	mirror   *ledgertest.Memory
	signer   note.Signer
	verifier note.Verifier
	clock    *ticking
}

// start is when the entries of these tests happen.
func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func newHouse(t *testing.T) *house {
	t.Helper()

	db := pgtest.OpenSteward(t)

	signer, verifier := ledgertest.Keys(t)

	return &house{
		db: db, mirror: ledgertest.NewMemory(), signer: signer, verifier: verifier, clock: &ticking{now: start()},
	}
}

func (h *house) sealer(config seal.Config) *seal.Sealer {
	return seal.New(h.db, h.mirror, h.signer, h.verifier, h.clock, config)
}

func (h *house) append(t *testing.T, q ledger.Queryer, n int) []ledger.ID {
	t.Helper()

	var out []ledger.ID

	for i := range n {
		id, err := ledger.Append(t.Context(), q, ledger.Observed, start(), ledger.ObservedBody{
			What: "bucket.listing", Object: "backups", Count: int64(i), Code: "as.policy",
		})
		if err != nil {
			t.Fatal(err)
		}

		out = append(out, id)
	}

	return out
}

// audited verifies both copies and returns the report.
func (h *house) audited(t *testing.T, kept ...[]byte) audit.Report {
	t.Helper()

	var report audit.Report

	err := h.db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		db, err := audit.OpenDatabase(ctx, tx)
		if err != nil {
			return err
		}

		mirror, err := audit.OpenMirror(ctx, h.mirror)
		if err != nil {
			return err
		}

		report, err = audit.Verify(ctx, audit.Options{Verifier: h.verifier, AsOf: start()}, db, mirror, kept...)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return report
}

// clean demands a ledger of this size without findings.
func (h *house) clean(t *testing.T, size, unsealed int64) {
	t.Helper()

	report := h.audited(t)
	if !report.Clean() || report.Size != size || report.Unsealed != unsealed {
		t.Fatalf("size %d, unsealed %d, findings %v; want %d, %d, none",
			report.Size, report.Unsealed, report.Findings, size, unsealed)
	}
}

func sealed(t *testing.T, s *seal.Sealer, want int) {
	t.Helper()

	result, err := s.Seal(t.Context())
	if err != nil || result.Sealed != want {
		t.Fatalf("sealed %d, %v; want %d", result.Sealed, err, want)
	}
}

func TestSealsInBatchesAndVerifies(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	s := h.sealer(seal.Config{MaxEntries: 7})

	h.clean(t, 0, 0)
	sealed(t, s, 0)
	h.append(t, h.db, 17)
	h.clean(t, 0, 17)

	for _, want := range []int{7, 7, 3, 0} {
		sealed(t, s, want)
	}

	h.clean(t, 17, 0)

	if staged := h.mirror.Names(ledger.WorkPrefix); len(staged) != 1 {
		t.Errorf("left behind: %v", staged)
	}
}

// A row that got its serial first and commits last is neither skipped nor does
// it move what is sealed.
func TestLateCommitIsSealedLater(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	s := h.sealer(seal.Config{})

	var late []ledger.ID

	err := h.db.InTx(t.Context(), func(_ context.Context, tx postgres.Tx) error {
		late = h.append(t, tx, 1) //nolint:contextcheck // the test's own context is the same
		h.append(t, h.db, 2)      //nolint:contextcheck // the same
		sealed(t, s, 2)           //nolint:contextcheck // the same

		return nil
	})
	if err != nil {
		t.Fatal(err)
	}

	sealed(t, s, 1)

	_, position, err := ledger.Find(t.Context(), h.db, late[0])
	if err != nil || position != 2 {
		t.Fatalf("position %d, %v", position, err)
	}

	h.clean(t, 3, 0)
}

// finish is the next process: it recovers and seals what is left.
func (h *house) finish(t *testing.T) {
	t.Helper()

	s := h.sealer(seal.Config{})
	if _, err := s.Recover(t.Context()); err != nil {
		t.Fatalf("recovering: %v", err)
	}

	if _, err := s.Seal(t.Context()); err != nil {
		t.Fatalf("sealing the rest: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		spoil func(*house)
		want  failure.Code
	}{
		"mirror ahead":  {func(h *house) { h.mirror.Tamper(ledger.CheckpointName(9), []byte("x")) }, failure.LedgerTampered},
		"segment ahead": {func(h *house) { h.mirror.Tamper(ledger.SegmentName(4, 9), []byte("x")) }, failure.LedgerTampered},
		"other segment": {func(h *house) { h.mirror.Tamper(ledger.SegmentName(0, 4), []byte("x")) }, failure.LedgerTampered},
		"other root":    {func(h *house) { h.mirror.Tamper(ledger.CheckpointName(4), []byte("x")) }, failure.LedgerTampered},
		"bad pointer":   {func(h *house) { h.mirror.Tamper(ledger.LatestName, []byte("x")) }, failure.LedgerTampered},
		"clock stands":  {func(h *house) { h.clock.now = start().Add(-time.Hour) }, failure.LedgerClock},
		"other key":     {func(h *house) { h.signer, h.verifier = ledgertest.Keys(t) }, failure.LedgerTampered},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			h := newHouse(t)
			h.append(t, h.db, 4)
			sealed(t, h.sealer(seal.Config{}), 4)
			h.append(t, h.db, 1)
			test.spoil(h)

			if _, err := h.sealer(seal.Config{}).Seal(t.Context()); !failure.Is(err, test.want) {
				t.Fatalf("%v, want %s", err, test.want)
			}
		})
	}
}

// Lost objects of the newest seal are written again, the segment from the rows.
func TestRecoverMendsTheMirror(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 4)
	sealed(t, h.sealer(seal.Config{}), 4)

	for _, name := range []string{ledger.SegmentName(0, 4), ledger.CheckpointName(4), ledger.LatestName} {
		h.mirror.Tamper(name, nil)
	}

	if report := h.audited(t); !report.Tampered() {
		t.Fatal("a mirror without staging is not behind, it is cut")
	}

	if _, err := h.sealer(seal.Config{}).Recover(t.Context()); err != nil {
		t.Fatal(err)
	}

	h.clean(t, 4, 0)
}

// Run ends by itself only where going on would be wrong.
func TestRunStopsAtTampering(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.mirror.Tamper(ledger.CheckpointName(9), []byte("x"))

	var seen []error

	err := h.sealer(seal.Config{MaxWait: 20 * time.Millisecond}).Run(t.Context(), func(_ seal.Result, err error) { seen = append(seen, err) })
	if !failure.Is(err, failure.LedgerTampered) || len(seen) != 1 {
		t.Fatalf("%v, reported %v", err, seen)
	}
}
