package harness

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
func (w *World) Look(ctx context.Context) ([]Finding, error) { return w.look(ctx, "") }

// LookFor looks for findings of one check alone, by its name in Finding, with all that may say so.
func (w *World) LookFor(ctx context.Context, check string) ([]Finding, error) {
	return w.look(ctx, check)
}

// checks are all of them, each with the names under which it finds something. That of the catalogue is made in any case.
func (w *World) checks() []check {
	return []check{
		{[]string{"bucket", "archive", "catalogue"}, w.checkBucket},
		{[]string{copiesCheck}, w.checkCopies},
		{[]string{filesCheck}, w.checkFiles},
		{[]string{"ledger", "catalogue", copiesCheck, filesCheck}, w.checkLedger},
		{[]string{"drill"}, w.checkDrillCluster},
		{[]string{mailCheck, "webhook"}, w.checkMessages},
		{[]string{"records"}, w.checkRecords},
		{[]string{"erasure"}, w.checkErasures},
		{[]string{"canary"}, w.checkLeaks},
	}
}

type check struct {
	names []string
	do    func(context.Context, catalogue, *findings) error
}

// mailCheck is by what name what is wrong with mails is found.
const mailCheck = "mail"

// errName is a finding under a name that its check does not have: whoever looks for that name alone would miss it.
var errName = errors.New("a check has found something under a name that is not its own")

// look makes the checks that may find something under a name, or all.
func (w *World) look(ctx context.Context, name string) ([]Finding, error) {
	found := &findings{}
	held, err := w.readCatalogue(ctx)
	if err != nil {
		return nil, err
	}
	w.checkCatalogue(held, found)
	for _, each := range w.checks() {
		if name != "" && !slices.Contains(each.names, name) {
			continue
		}
		before := len(found.all)
		if err := each.do(ctx, held, found); err != nil {
			return found.all, err
		}
		for _, one := range found.all[before:] {
			if !slices.Contains(each.names, one.Check) {
				return found.all, fmt.Errorf("%w: %s", errName, one)
			}
		}
	}
	return found.all, nil
}
