package fileremoval

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/fileprune"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

const (
	// batchSize is how many contents are decided on, and told to be gone, at once.
	batchSize = 200
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
func (w *work) contents(ctx context.Context, files string) {
	w.failed(w.eachDue(ctx, files, func(found []due) {
		if w.Enforce && w.gaveUp(ctx) {
			w.untried(ctx, files, found, string(failure.Unavailable))
		} else {
			w.batch(ctx, files, found)
		}
	}))
}

// eachDue gives what is past its time, page by page. Where an earlier prune left some
// of it, it begins at another place each time and comes round: those whose removal
// hangs must not keep the same others from being tried for ever.
func (w *work) eachDue(ctx context.Context, files string, do func([]due)) error {
	page := filecatalogue.Page{Files: files, Until: w.at.Add(-w.Rule.Keep.Shortest()), Limit: batchSize}

	again, err := filecatalogue.AnyDoomed(ctx, w.Steward, page)
	if err != nil || !again {
		return errors.Join(err, w.pages(ctx, page, do))
	}

	middle := somewhere(w.at)
	page.After = middle

	if err := w.pages(ctx, page, do); err != nil {
		return err
	}

	page.After, page.Last = "", middle

	return w.pages(ctx, page, do)
}

// somewhere is a place among the ids of contents that only the instant decides.
func somewhere(at time.Time) string {
	sum := sha256.Sum256([]byte(at.UTC().Format(time.RFC3339Nano)))

	return "cnt_" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// pages gives what is past its time in one range of ids.
func (w *work) pages(ctx context.Context, page filecatalogue.Page, do func([]due)) error {
	for {
		found, err := filecatalogue.Held(ctx, w.Steward, page)
		if err != nil || len(found) == 0 {
			return err
		}

		page.After = found[len(found)-1].ID
		goes := w.due(page.Files, found)

		w.dealWith(len(found) - len(goes))
		do(goes)
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
// be removed stay decided, and the next prune goes on with them; what of them is late
// is recorded a few at a time, so that little of it goes untold whenever this ends.
func (w *work) batch(ctx context.Context, files string, found []due) {
	if !w.Enforce || len(found) == 0 {
		w.result.Due += int64(len(found))
		w.dealWith(len(found))

		return
	}

	held, byID := make([]filecatalogue.Content, len(found)), make(map[string]due, len(found))
	for i, one := range found {
		held[i], byID[one.ID] = one.Content, one
	}

	doomed, err := filecatalogue.Doom(ctx, w.Steward, held, w.at, w.at.Add(-alive))
	if err != nil {
		w.failed(err)

		return
	}

	var gone []filecatalogue.Content

	for few := range slices.Chunk(doomed, fewAtOnce) {
		went, stay := w.remove(ctx, few)
		gone = append(gone, went...)

		w.stayed(ctx, files, stay, byID)
	}

	w.gone(ctx, files, gone, byID)
	w.claimed(ctx, files, found, doomed)
}

// gone records what is proven gone.
func (w *work) gone(ctx context.Context, files string, gone []filecatalogue.Content, found map[string]due) {
	if len(gone) == 0 {
		return
	}

	err := w.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return w.record(ctx, tx, files, gone, found) })
	if err == nil {
		w.result.Contents += int64(len(gone))
	}

	w.failed(err)
}

// stayed records of what could not be removed that it is there too long.
func (w *work) stayed(ctx context.Context, files string, stay []left, found map[string]due) {
	causes := map[string][]late{}

	for _, one := range stay {
		w.failed(one.err)

		if of := found[one.content.ID]; of.decision.Late {
			causes[one.cause] = append(causes[one.cause], w.lateContent(files, of))
		}
	}

	for _, cause := range slices.Sorted(maps.Keys(causes)) {
		w.failed(w.overdue(ctx, causes[cause], cause))
	}
}

// claimed records what is there too long since an attempt that is at work has claimed
// it.
func (w *work) claimed(ctx context.Context, files string, found []due, doomed []filecatalogue.Content) {
	goes := map[string]bool{}
	for _, content := range doomed {
		goes[content.ID] = true
	}

	w.untried(ctx, files, slices.DeleteFunc(slices.Clone(found), func(one due) bool { return goes[one.ID] }), causeClaimed)
}

// untried records of what is not tried to be removed that it is there too long.
func (w *work) untried(ctx context.Context, files string, found []due, cause string) {
	var all []late

	for _, one := range found {
		if one.decision.Late {
			all = append(all, w.lateContent(files, one))
		}
	}

	w.dealWith(len(found))

	if len(all) > 0 {
		w.failed(w.overdue(ctx, all, cause))
	}
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
