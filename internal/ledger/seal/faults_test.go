package seal_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ledger"
	"steward/internal/ledger/audit"
	"steward/internal/ledger/seal"
)

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

// impatient gives up as soon as a call hangs: a limit in time might be over before that call came.
type impatient struct {
	*faults.Counter

	giveUp context.CancelFunc
}

// Next implements faults.Injector.
func (p impatient) Next(ctx context.Context, call faults.Call) faults.Mode {
	mode := p.Counter.Next(ctx, call)
	if mode == faults.Hang {
		p.giveUp()
	}

	return mode
}

// failNth seals with one failing call; it returns false when the seal made
// fewer calls.
func (h *house) failNth(t *testing.T, n int, mode faults.Mode) bool {
	t.Helper()

	counter := &faults.Counter{N: n, Mode: mode}
	ctx := faults.With(t.Context(), counter)

	if mode == faults.Hang {
		whole, cancel := context.WithCancel(t.Context())
		defer cancel()

		ctx = faults.With(whole, impatient{counter, cancel})
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
				// Behind: what one found in the mirror another cleaned up before it was read back.
				case failure.Is(err, failure.LedgerMoved), failure.Is(err, failure.LedgerClock), failure.Is(err, failure.LedgerBehind):
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
