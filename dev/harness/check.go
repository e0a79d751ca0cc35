package harness

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// checkTimeout bounds one look through the world, the wait for the ledger's
// sequencer included.
const checkTimeout = 2 * time.Minute

// Finding is one thing that is wrong with a world.
type Finding struct {
	// Check names the check: catalogue, bucket, archive, copies, files, ledger, drill, mail, webhook, records, erasure, canary.
	Check string
	// Text says what is wrong.
	Text string
}

// String is the line that people read.
func (f Finding) String() string { return f.Check + ": " + f.Text }

// findings collects what is wrong.
type findings struct{ all []Finding }

func (f *findings) addf(check, format string, args ...any) {
	f.all = append(f.all, Finding{Check: check, Text: fmt.Sprintf(format, args...)})
}

// CheckWorld waits for the world to settle and fails t with everything that is
// wrong with it. None of its checks uses the code that it checks: it has its own
// SQL, the official storage client, age and zstd themselves, and its own Merkle
// tree. The one exception is the ledger's auditor, which is asked beside them.
func CheckWorld(t testing.TB, w *World) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), checkTimeout)
	defer cancel()
	found, err := w.Check(ctx)
	if err != nil {
		t.Error("looking through the world: ", err)
	}
	for _, one := range found {
		t.Error(one)
	}
}

// Check waits for the world to settle and gives everything that is wrong with it.
// The error is for what could not be looked at.
func (w *World) Check(ctx context.Context) ([]Finding, error) {
	if err := w.Settle(ctx); err != nil {
		return nil, err
	}
	return w.Look(ctx)
}

// Look is Check without the wait.
func (w *World) Look(ctx context.Context) ([]Finding, error) {
	found := &findings{}
	held, err := w.readCatalogue(ctx)
	if err != nil {
		return nil, err
	}
	w.checkCatalogue(held, found)
	for _, check := range []func(context.Context, catalogue, *findings) error{
		w.checkBucket, w.checkCopies, w.checkFiles, w.checkLedger, w.checkDrillCluster, w.checkMessages, w.checkRecords,
		w.checkErasures, w.checkLeaks,
	} {
		if err := check(ctx, held, found); err != nil {
			return found.all, err
		}
	}
	return found.all, nil
}
