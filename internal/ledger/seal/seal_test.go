package seal_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/faults"
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

	db, err := postgres.Open(t.Context(), pgtest.Steward(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

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

// points is how many outside calls one seal is expected to make at least.
const points = 12

// Every outside call of a seal fails, before and after its effect, or hangs;
// then another process starts and goes on. The ledger is whole each time.
func TestEveryCallOfASealMayFail(t *testing.T) {
	t.Parallel()

	for _, mode := range []faults.Mode{faults.Before, faults.After, faults.Hang} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			h, size, n := newHouse(t), int64(0), 1

			for ; ; n++ {
				h.append(t, h.db, 3)
				size += 3

				if !h.failNth(t, n, mode) {
					break
				}

				if report := h.audited(t); report.Tampered() {
					t.Fatalf("after fault %d: %v", n, report.Findings)
				}

				h.finish(t)
				h.clean(t, size, 0)
			}

			t.Logf("seal faults: mode=%s points=%d violations=0", mode, n-1)

			if n <= points {
				t.Errorf("only %d points", n-1)
			}
		})
	}
}

// failNth seals with one failing call; it returns false when the seal made
// fewer calls.
func (h *house) failNth(t *testing.T, n int, mode faults.Mode) bool {
	t.Helper()

	counter := &faults.Counter{N: n, Mode: mode}
	ctx := faults.With(t.Context(), counter)

	if mode == faults.Hang {
		short, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()

		ctx = short
	}

	_, err := h.sealer(seal.Config{}).Seal(ctx)
	if !counter.Reached() {
		return false
	}

	// Only the removal of staged batches may fail without a word. A call that
	// failed by itself, as "exists already", keeps its own answer in mode After.
	if name := counter.Calls()[n-1].Name; err == nil && mode != faults.After && name != "LIST" && name != "DELETE" {
		t.Errorf("fault %d (%s) was swallowed", n, name)
	}

	return true
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

func TestCommitOfUnknownOutcomeStops(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 1)
	h.finish(t)
	h.append(t, h.db, 1)

	// The same calls as those that are to fail: a new sealer on a sealed ledger.
	counter := &faults.Counter{}
	if _, err := h.sealer(seal.Config{}).Seal(faults.With(t.Context(), counter)); err != nil {
		t.Fatal(err)
	}

	commit := 1 + slices.IndexFunc(counter.Calls(), func(c faults.Call) bool { return c.Name == "commit" })

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		h.append(t, h.db, 1)

		_, err := h.sealer(seal.Config{}).Seal(faults.With(t.Context(), &faults.Counter{N: commit, Mode: mode}))
		if !failure.Is(err, failure.LedgerUnknown) || !errors.Is(err, faults.ErrInjected) {
			t.Fatalf("call %d, %s: %v", commit, mode, err)
		}

		h.finish(t)
	}

	h.clean(t, 4, 0)
}

func TestManySealersAtOnce(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	const appended, sealers = 120, 4

	h.append(t, h.db, appended)

	var group sync.WaitGroup

	for range sealers {
		group.Go(func() {
			s := h.sealer(seal.Config{MaxEntries: 10})

			for {
				result, err := s.Seal(t.Context())

				switch {
				case failure.Is(err, failure.LedgerMoved), failure.Is(err, seal.LedgerClock):
				case err != nil:
					t.Errorf("a sealer got %v", err)

					return
				case result.Sealed == 0:
					return
				}
			}
		})
	}

	group.Wait()
	h.finish(t)
	h.clean(t, appended, 0)
}

func TestWaitsForTheSeal(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	id := h.append(t, h.db, 1)[0]
	waiter := seal.Waiter{DB: h.db, Mirror: h.mirror, Verifier: h.verifier}

	if _, err := waiter.Look(t.Context(), id); !failure.Is(err, failure.LedgerBehind) {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)

	go func() {
		ended <- h.sealer(seal.Config{MaxWait: 50 * time.Millisecond}).Run(ctx, func(seal.Result, error) {})
	}()

	got, err := waiter.WaitSealed(t.Context(), id)
	if err != nil || got.Position != 0 || got.Checkpoint.Size != 1 {
		t.Fatalf("%+v, %v", got, err)
	}

	cancel()

	if err := <-ended; err != nil {
		t.Fatalf("Run ended with %v", err)
	}

	if _, err := waiter.WaitSealed(t.Context(), "led_none"); !failure.Is(err, failure.EvidenceMissing) {
		t.Fatal(err)
	}

	late := h.append(t, h.db, 1)[0]

	short, stop := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer stop()

	if _, err := waiter.WaitSealed(short, late); err == nil {
		t.Fatal("waited for nothing")
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
		"clock stands":  {func(h *house) { h.clock.now = start().Add(-time.Hour) }, seal.LedgerClock},
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

func TestProofsFromTheDatabase(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	s := h.sealer(seal.Config{MaxEntries: 5})
	ids := h.append(t, h.db, 13)
	sealed(t, s, 5)

	old, err := ledger.ReadHead(t.Context(), h.db)
	if err != nil {
		t.Fatal(err)
	}

	sealed(t, s, 5)
	sealed(t, s, 3)

	for i, id := range ids {
		entry, position, err := ledger.Find(t.Context(), h.db, id)
		if err != nil || position != int64(i) {
			t.Fatalf("%d, %v", position, err)
		}

		proof, err := ledger.Prove(t.Context(), h.db, position)
		if err != nil {
			t.Fatal(err)
		}

		if _, at, err := ledger.VerifyProof(entry.Leaf(), proof.Encode(), h.verifier); err != nil || at != position {
			t.Fatalf("%d, %v", at, err)
		}
	}

	since, err := ledger.ProveSince(t.Context(), h.db, old.Size)
	if err != nil {
		t.Fatal(err)
	}

	newer, err := ledger.VerifyConsistency([]byte(old.Checkpoint), since.Encode(), h.verifier)
	if err != nil || newer.Size != 13 {
		t.Fatalf("%d, %v", newer.Size, err)
	}

	if _, err := ledger.Prove(t.Context(), h.db, 13); !failure.Is(err, failure.EvidenceMissing) {
		t.Fatal(err)
	}

	if _, err := ledger.ProveSince(t.Context(), h.db, 14); !failure.Is(err, failure.EvidenceMissing) {
		t.Fatal(err)
	}
}

// What each role may do, and what nobody may.
func TestDatabaseRefusesToForget(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 2)
	sealed(t, h.sealer(seal.Config{}), 2)
	h.append(t, h.db, 1)

	const insert = `INSERT INTO ledger.entries (id, kind, at, body)
		VALUES ('led_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', '2026-01-01', '{}')`

	for _, test := range []struct {
		role, sql string
		allowed   bool
	}{
		{"postgres", `UPDATE ledger.entries SET body = '{"a":1}'`, false},
		{"postgres", `UPDATE ledger.entries SET position = position + 10 WHERE position IS NOT NULL`, false},
		{"postgres", `DELETE FROM ledger.entries`, false},
		{"postgres", `TRUNCATE ledger.entries`, false},
		{"postgres", `UPDATE ledger.hashes SET idx = idx + 100`, false},
		{"postgres", `DELETE FROM ledger.hashes`, false},
		{"postgres", `TRUNCATE ledger.hashes`, false},
		{"postgres", `UPDATE ledger.segments SET to_position = 9`, false},
		{"postgres", `DELETE FROM ledger.segments`, false},
		{"postgres", `TRUNCATE ledger.segments`, false},
		{"postgres", `UPDATE ledger.head SET size = 0`, false},
		{"postgres", `DELETE FROM ledger.head`, false},
		{"postgres", `TRUNCATE ledger.head`, false},
		{"steward_backup", insert, true},
		{"steward_drill", insert, true},
		{"steward_core", insert, true},
		{"steward_backup", `SELECT size FROM ledger.head`, true},
		{"steward_backup", `UPDATE ledger.entries SET position = 9`, false},
		{"steward_drill", `UPDATE ledger.entries SET position = 9`, false},
		{"steward_drill", `DELETE FROM ledger.entries`, false},
		{"steward_core", `UPDATE ledger.entries SET kind = 'y'`, false},
		{"steward_core", `DELETE FROM ledger.entries`, false},
		{"steward_core", `UPDATE ledger.hashes SET idx = 9`, false},
		{"steward_core", `UPDATE ledger.entries SET position = 2, leaf_hash = sha256('') WHERE position IS NULL`, true},
	} {
		err := h.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			if _, err := tx.Exec(ctx, "SET LOCAL ROLE "+test.role); err != nil {
				return err
			}

			if _, err := tx.Exec(ctx, test.sql); err != nil {
				return err
			}

			return errRollBack
		})
		if allowed := errors.Is(err, errRollBack); allowed != test.allowed {
			t.Errorf("%s: %s: %v", test.role, test.sql, err)
		}
	}
}

var errRollBack = errors.New("roll back")

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

// A mirror that is down for a while costs nothing but time; full batches
// follow each other without waiting.
func TestRunGoesOnAfterAnOutage(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 25)

	down := &outage{calls: 20}
	ctx, cancel := context.WithCancel(faults.With(t.Context(), down))
	failures, done := 0, 0

	err := h.sealer(seal.Config{MaxEntries: 10, MaxWait: 20 * time.Millisecond}).Run(ctx, func(r seal.Result, err error) {
		done += r.Sealed

		if err != nil {
			failures++
		}

		if done == 25 {
			cancel()
		}
	})
	if err != nil || failures == 0 {
		t.Fatalf("%v after %d failures", err, failures)
	}

	h.clean(t, 25, 0)
}

// outage fails the first calls, all of them.
type outage struct {
	mu    sync.Mutex
	calls int
}

func (o *outage) Next(context.Context, faults.Call) faults.Mode {
	o.mu.Lock()
	defer o.mu.Unlock()

	o.calls--
	if o.calls >= 0 {
		return faults.Before
	}

	return faults.Pass
}

// A waiter believes the mirror only if it says what the database says.
func TestWaiterRefusesAnotherCheckpoint(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	id := h.append(t, h.db, 1)[0]
	sealed(t, h.sealer(seal.Config{}), 1)

	waiter := seal.Waiter{DB: h.db, Mirror: h.mirror, Verifier: h.verifier}

	for n := 1; n <= 3; n++ {
		ctx := faults.With(t.Context(), &faults.Counter{N: n, Mode: faults.Before})
		if _, err := waiter.Look(ctx, id); !errors.Is(err, faults.ErrInjected) {
			t.Errorf("call %d: %v", n, err)
		}
	}

	h.mirror.Tamper(ledger.CheckpointName(1), []byte("x"))

	if _, err := waiter.Look(t.Context(), id); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}

	h.mirror.Tamper(ledger.CheckpointName(1), nil)

	if _, err := waiter.Look(t.Context(), id); !failure.Is(err, failure.LedgerBehind) {
		t.Error(err)
	}
}

// Verification reports a copy that cannot be read, at each of its calls.
func TestEveryCallOfAVerificationMayFail(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 7)
	s := h.sealer(seal.Config{MaxEntries: 5})
	sealed(t, s, 5)
	h.mirror.Tamper(ledger.StagingName(9, 10, [32]byte{}), []byte("x"))

	for n := 1; ; n++ {
		counter := &faults.Counter{N: n, Mode: faults.Before}
		err := h.verify(faults.With(t.Context(), counter))

		if !counter.Reached() {
			if err != nil || n < 10 {
				t.Fatalf("%d calls, %v", n, err)
			}

			return
		}

		if !errors.Is(err, faults.ErrInjected) {
			t.Errorf("call %d: %v", n, err)
		}
	}
}

func (h *house) verify(ctx context.Context) error {
	db, err := audit.OpenDatabase(ctx, h.db)
	if err != nil {
		return err
	}

	mirror, err := audit.OpenMirror(ctx, h.mirror)
	if err != nil {
		return err
	}

	_, err = audit.Verify(ctx, audit.Options{Verifier: h.verifier, AsOf: start()}, db, mirror)

	return err
}

// behindTheBack changes the database as a superuser can who switches triggers off.
func (h *house) behindTheBack(t *testing.T, sql string) {
	t.Helper()

	err := h.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL session_replication_role = replica"); err != nil {
			return err
		}

		_, err := tx.Exec(ctx, sql)

		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A database that was changed behind the sequencer's back is not built upon.
func TestSealRefusesAChangedDatabase(t *testing.T) {
	t.Parallel()

	for sql, found := range map[string]audit.What{
		`DELETE FROM ledger.hashes`:                                              audit.StoredHashWrong,
		`UPDATE ledger.hashes SET hash = sha256('x')`:                            audit.StoredHashWrong,
		`UPDATE ledger.head SET root = sha256('x')`:                              audit.HeadMismatch,
		`UPDATE ledger.head SET size = 3`:                                        audit.HeadMismatch,
		`UPDATE ledger.segments SET sha256 = sha256('x')`:                        audit.SegmentChanged,
		`UPDATE ledger.entries SET body = '{"a":1}' WHERE position = 1`:          audit.Changed,
		`DELETE FROM ledger.entries WHERE position = 3`:                          audit.CutTail,
		`UPDATE ledger.entries SET leaf_hash = sha256('x') WHERE position = 2`:   audit.StoredHashWrong,
		`UPDATE ledger.entries SET position = position + 10 WHERE position >= 0`: audit.Reordered,
	} {
		t.Run(sql, func(t *testing.T) {
			t.Parallel()

			h := newHouse(t)
			h.append(t, h.db, 4)
			sealed(t, h.sealer(seal.Config{}), 4)
			h.append(t, h.db, 1)
			h.behindTheBack(t, sql)

			report := h.audited(t)
			if !slices.ContainsFunc(report.Findings, func(f audit.Finding) bool { return f.Where == audit.Database && f.What == found }) {
				t.Errorf("found %v, want %s", report.Findings, found)
			}

			_, err := h.sealer(seal.Config{}).Seal(t.Context())
			if found == audit.StoredHashWrong && strings.Contains(sql, "leaf_hash") {
				// The sequencer does not read what stands beside sealed entries.
				return
			}

			if !failure.Is(err, failure.LedgerTampered) && !failure.Is(err, failure.Unavailable) {
				t.Errorf("sealed on top of it: %v", err)
			}
		})
	}
}

// A proof from hashes that are gone is refused, not made up.
func TestProofsNeedTheHashes(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.append(t, h.db, 5)
	sealed(t, h.sealer(seal.Config{}), 5)
	h.behindTheBack(t, `DELETE FROM ledger.hashes`)

	if _, err := ledger.Prove(t.Context(), h.db, 1); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}

	if _, err := ledger.ProveSince(t.Context(), h.db, 3); !failure.Is(err, failure.LedgerTampered) {
		t.Error(err)
	}
}
