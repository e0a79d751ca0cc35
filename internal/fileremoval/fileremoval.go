// Package fileremoval makes backups of files be gone: manifests, and contents that
// no kept manifest names, by their generations, with the proof from every listing
// and the receipt in the ledger. What goes is decided by package fileprune. What
// stays beyond its time, outstays it or is missing from the bucket is recorded.
package fileremoval

import (
	"context"
	"sync/atomic"
	"time"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/gcs"
	"steward/internal/postgres"
)

// Remover removes what the catalogue lists; it never touches another object.
type Remover struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Bucket holds contents, lists and manifests.
	Bucket *gcs.Bucket
	// Rule is what the policy says; Enforce is false in observe mode, in which
	// nothing is removed or recorded.
	Rule    fileprune.Rule
	Enforce bool
	// Progress, if not nil, is told the phase and how far it is: of contents and
	// manifests how many were dealt with, those that could not be removed among them. It
	// is called by one goroutine at a time.
	Progress func(phase string, done int64)
}

// Result counts what a prune of files did and found.
type Result struct {
	// Kept, Removed and Exceptions are manifests; Contents are contents that are
	// gone; Due are manifests and contents that observe mode would have removed.
	Kept, Removed, Exceptions, Contents, Due int64
	// Swept are objects that appeared after they were proven gone, and are again.
	Swept int64
	// Late are objects that are there past their time and the tolerance.
	Late int64
	// Missing are objects that were found now to be missing from the bucket.
	Missing int64
	// Foreign are objects that nobody announced; they are never touched.
	Foreign int64
}

// Prune removes what is past its time at the given instant. One removal that fails
// does not keep the others from being tried; what stays past its time because of it
// is recorded with the cause, as the work goes on. When the storage has left
// maxUnanswered removals without an answer, or maxInTurn of what is removed one after
// another, nothing more of that is tried: what is left is recorded, and the next prune,
// which begins at another place among the contents, goes on. A crash anywhere leaves
// what the catalogue still lists, and pruning again finishes the work.
//
// It fails with the code of the first failure, and names one of each code.
func (r *Remover) Prune(ctx context.Context, at time.Time) (Result, error) {
	work := &work{Remover: r, at: at}
	if err := work.read(ctx); err != nil {
		return Result{}, err
	}

	if err := work.compare(ctx); err != nil {
		work.failed(err)
		work.allOverdue(ctx, string(failure.CodeOf(err)))

		return work.result, work.failures.err()
	}

	if r.Enforce {
		if err := work.exceptions(ctx); err != nil {
			work.failed(err)

			return work.result, work.failures.err()
		}
	}

	work.manifests(ctx)

	for _, files := range work.sets {
		work.contents(ctx, files)
	}

	return work.result, work.failures.err()
}

// work is one prune.
type work struct {
	*Remover

	at time.Time
	// snapshots are those of all days, by set.
	snapshots map[string][]time.Time
	// days are all days of all sets, the newest first; kept are those that are not
	// pruned, with one decision for each.
	days, kept []filecatalogue.Backup
	decisions  []fileprune.Decision
	sets       []string
	beyond     map[string]fileprune.Beyond
	result     Result
	failures   failures
	// unanswered counts the requests about removals that the storage left without an
	// answer.
	unanswered atomic.Int64
	// dealt and swept are how many contents, and objects that appeared late, were dealt
	// with.
	dealt, swept int64
}

func (w *work) failed(err error) { w.failures.add(err) }

// report tells a phase and how far it is.
func (w *work) report(phase string, done int64) {
	if w.Progress != nil {
		w.Progress(phase, done)
	}
}
