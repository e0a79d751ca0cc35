package seal_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ledger"
	"steward/internal/ledger/seal"
)

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
