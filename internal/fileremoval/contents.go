package fileremoval

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

const (
	// batchSize is how many contents are decided on and recorded at once.
	batchSize = 200
	// atOnce is how many are removed at once.
	atOnce = 4
	// alive is for how long the last sign of life of an attempt protects what it has
	// claimed. It gives one every half minute; the record of a manifest looks again.
	alive = 10 * time.Minute
)

// due is one content that is past its time.
type due struct {
	filecatalogue.Content

	decision fileprune.Decision
}

// contents goes through the contents of one set that may be due, page by page.
func (w *work) contents(ctx context.Context, files string) error {
	return w.eachDue(ctx, files, func(found []due) error {
		err := w.batch(ctx, files, found)
		w.report("contents", w.result.Contents)

		return err
	})
}

// eachDue gives what is past its time, page by page. A page that fails does not
// keep the others from being tried.
func (w *work) eachDue(ctx context.Context, files string, do func([]due) error) error {
	var failures []error

	page := filecatalogue.Page{Files: files, Until: w.at.Add(-w.Rule.Keep.Shortest()), Limit: batchSize}

	for {
		found, err := filecatalogue.Held(ctx, w.Steward, page)
		if err != nil {
			return errors.Join(append(failures, err)...)
		}

		if len(found) == 0 {
			return errors.Join(failures...)
		}

		page.After = found[len(found)-1].ID

		if err := do(w.due(files, found)); err != nil {
			failures = append(failures, err)
		}
	}
}

// due gives those that go now.
func (w *work) due(files string, found []filecatalogue.Content) []due {
	contents := make([]fileprune.Content, len(found))
	for i, content := range found {
		contents[i] = fileprune.Content{ID: content.ID, FirstAt: content.FirstAt, NewestAt: content.NewestAt}
	}

	var all []due

	for i, decision := range fileprune.Contents(contents, w.snapshots[files], w.beyond[files], w.Rule, w.at) {
		if decision.Delete {
			all = append(all, due{found[i], decision})
		}
	}

	return all
}

// batch decides for good, removes and records some contents. Those that could not
// be removed stay decided, and the next prune goes on with them.
func (w *work) batch(ctx context.Context, files string, found []due) error {
	if !w.Enforce || len(found) == 0 {
		w.result.Due += int64(len(found))

		return nil
	}

	held, byID := make([]filecatalogue.Content, len(found)), make(map[string]due, len(found))
	for i, one := range found {
		held[i], byID[one.ID] = one.Content, one
	}

	doomed, err := filecatalogue.Doom(ctx, w.Steward, held, w.at, w.at.Add(-alive))
	if err != nil {
		return err
	}

	gone, left, failures := w.remove(ctx, doomed)
	if len(gone) > 0 {
		err = w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return w.record(ctx, tx, files, gone, byID) })
	}

	if err == nil {
		w.result.Contents += int64(len(gone))
	}

	for _, content := range doomed {
		delete(byID, content.ID)
	}

	return errors.Join(err, failures, w.leftOver(ctx, files, left, found, byID))
}

// leftOver records what is there too long: what could not be removed, and what an
// attempt that is still at work has claimed.
func (w *work) leftOver(ctx context.Context, files string, left map[string]error, found []due, claimed map[string]due) error {
	causes := map[string][]late{}

	for _, one := range found {
		err, stays := left[one.ID]
		_, kept := claimed[one.ID]

		switch {
		case !one.decision.Late:
		case stays:
			cause := w.cause(ctx, one.Object, err)
			causes[cause] = append(causes[cause], w.lateContent(files, one))
		case kept:
			causes[causeClaimed] = append(causes[causeClaimed], w.lateContent(files, one))
		}
	}

	var failures []error
	for cause, all := range causes {
		failures = append(failures, w.overdue(ctx, all, cause))
	}

	return errors.Join(failures...)
}

// remove removes contents, several at once, and gives those that are proven gone,
// and why the others are not, by their ids.
func (w *work) remove(ctx context.Context, doomed []filecatalogue.Content) (
	gone []filecatalogue.Content, left map[string]error, err error,
) {
	var (
		mu       sync.Mutex
		failures []error
		group    errgroup.Group
	)

	left = map[string]error{}

	group.SetLimit(atOnce)

	for _, content := range doomed {
		group.Go(func() error {
			err := w.Bucket.Remove(ctx, content.Object)

			mu.Lock()
			defer mu.Unlock()

			if err != nil {
				left[content.ID] = err
				failures = append(failures, fmt.Errorf("removing a content: %w", err))
			} else {
				gone = append(gone, content)
			}

			return nil
		})
	}

	_ = group.Wait() //nolint:errcheck // it gives no error: each failure is kept

	return gone, left, errors.Join(failures...)
}

// record notes what is gone in catalogue and ledger at once.
func (w *work) record(ctx context.Context, tx postgres.Tx, files string, gone []filecatalogue.Content, found map[string]due) error {
	slices.SortFunc(gone, func(a, b filecatalogue.Content) int { return cmp.Compare(a.ID, b.ID) })

	ids, sum, bytes := make([]string, len(gone)), sha256.New(), int64(0)
	first := found[gone[0].ID].decision.Due.UTC()

	var tooLate []late

	for i, content := range gone {
		ids[i] = content.ID
		bytes += content.Bytes
		_, _ = fmt.Fprintf(sum, "%s %d\n", content.ID, content.Generation) // a hash never fails

		one := found[content.ID]
		if one.decision.Due.Before(first) {
			first = one.decision.Due.UTC()
		}

		if one.decision.Late {
			tooLate = append(tooLate, w.lateContent(files, one))
		}
	}

	if err := filecatalogue.ContentsGone(ctx, tx, ids, w.at); err != nil {
		return fmt.Errorf("removing contents: %w", err)
	}

	if err := w.noteOverdue(ctx, tx, tooLate, causeLateRemoval); err != nil {
		return err
	}

	_, err := ledger.Append(ctx, tx, ledger.FilesPruned, w.at, ledger.FilesBody{
		Files: files, Count: int64(len(gone)), SizeBytes: bytes, ContentsSHA256: hex.EncodeToString(sum.Sum(nil)), DueAt: &first,
	})

	return failure.Wrap(failure.Unavailable, "removing contents", err)
}

func (w *work) lateContent(files string, one due) late {
	return late{
		Finding: filecatalogue.Finding{Name: one.Object, Generation: one.Generation, Files: files},
		backup:  w.dayOf(files, one.NewestAt), due: one.decision.Due,
	}
}
