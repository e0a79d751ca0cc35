package fileremoval

import (
	"context"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
)

const (
	// atOnce is how many contents are removed at once.
	atOnce = 4
	// fewAtOnce is how many are tried before what is left of them is recorded: if each
	// hangs for as long as the storage is given, these are some minutes.
	fewAtOnce = 20
	// maxUnanswered is how many requests of a prune may stay without an answer, each for
	// a minute: with those at once they are 25 minutes. After that nothing more is
	// tried, so that a prune ends before the next one is due.
	maxUnanswered = 100
	// maxInTurn is the same for what is removed one after another: for manifests, and for
	// what appeared late. It is one bound for each, so that neither keeps the other from
	// being tried, and leaves most of the time to the contents: with theirs, which are
	// then 20 minutes, a prune waits for 40 minutes at most.
	maxInTurn = 10
)

// gaveUp reports whether nothing more is tried: the storage does not answer, or the
// time of this prune is over.
func (w *work) gaveUp(ctx context.Context) bool {
	return ctx.Err() != nil || w.unanswered.Load() >= maxUnanswered
}

// inTurn begins to remove one after another, and gives what reports whether nothing more
// of that is tried.
func (w *work) inTurn() func(context.Context) bool {
	before := w.unanswered.Load()

	return func(ctx context.Context) bool { return w.gaveUp(ctx) || w.unanswered.Load()-before >= maxInTurn }
}

// asked notes how the storage answered, and gives the answer back.
func (w *work) asked(err error) error {
	if failure.Is(err, failure.Unavailable) {
		w.unanswered.Add(1)
	}

	return err
}

// left is why a content could not be removed.
type left struct {
	content filecatalogue.Content
	err     error
	cause   string // as the ledger tells it
}

// remove tries to remove contents, several at once, and gives those that are proven
// gone and the others. Whichever it is, it is told as progress.
func (w *work) remove(ctx context.Context, doomed []filecatalogue.Content) (gone []filecatalogue.Content, stay []left) {
	var (
		mu    sync.Mutex
		group errgroup.Group
	)

	group.SetLimit(atOnce)

	for _, content := range doomed {
		group.Go(func() error {
			err := w.removeOne(ctx, content.Object)

			var cause string
			if err != nil {
				cause = w.cause(ctx, content.Object, err)
			}

			mu.Lock()
			defer mu.Unlock()

			if err != nil {
				stay = append(stay, left{content, err, cause})
			} else {
				gone = append(gone, content)
			}

			w.dealWith(1)

			return nil
		})
	}

	_ = group.Wait() //nolint:errcheck // it gives no error: each failure is kept

	return gone, stay
}

// removeOne removes an object unless it was given up.
func (w *work) removeOne(ctx context.Context, name string) error {
	if w.gaveUp(ctx) {
		return failure.New(failure.Unavailable, "removing a content (the storage left too many others unanswered)")
	}

	if err := w.asked(w.Bucket.Remove(ctx, name)); err != nil {
		return fmt.Errorf("removing a content: %w", err)
	}

	return nil
}

// dealWith tells that some more contents were dealt with.
func (w *work) dealWith(more int) {
	w.dealt += int64(more)
	w.report("contents", w.dealt)
}
