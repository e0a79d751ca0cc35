package filedrill

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/filemanifest"
)

const (
	// atOnce is how many contents are read at once.
	atOnce = 4
	// recordEach is how many proven contents are recorded at once, and recordAfter
	// how long none is kept back: what a killed drill has to read again is what came in
	// that time, however big the next file is.
	recordEach  = 100
	recordAfter = time.Second
)

// proof is what a content is proven by: a line of the list without what the app
// called it and stored along with it.
type proof struct {
	content filemanifest.Content
	bytes   int64
	crc32c  uint32
	sha256  string
}

func proofOf(entry filemanifest.Entry) proof {
	return proof{content: entry.Content, bytes: entry.Bytes, crc32c: entry.CRC32C, sha256: entry.SHA256}
}

// verdicts are those on some contents that are read at once. They are recorded as
// they come.
type verdicts struct {
	*run

	mu       sync.Mutex
	waiting  []string  // owned by mu, as all below; proven and not recorded yet
	recorded time.Time // when that was done last
	proven   int64
}

// proveAll reads contents and compares them. Those that are found wanting are
// condemned, and the others are proven all the same: the next attempt must heal
// everything at once. It gives the number of those that were proven.
func (r *run) proveAll(ctx context.Context, proofs []proof) (int64, error) {
	verdicts := &verdicts{run: r, recorded: time.Now()} //nolint:forbidigo // how much work may be lost is no promise

	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)

	for _, each := range proofs {
		group.Go(func() error {
			err := r.content(groupCtx, each)
			if err != nil && !wanting(err) {
				return err
			}

			return verdicts.give(ctx, each.content.ID, err)
		})
	}

	// What was proven stays so, whatever ended the rest.
	err := errors.Join(group.Wait(), verdicts.record(ctx))

	return verdicts.proven, err
}

// give takes note of one verdict; wrong is why a content was found wanting.
func (v *verdicts) give(ctx context.Context, id string, wrong error) error {
	v.mu.Lock()
	defer v.mu.Unlock()

	if wrong != nil {
		return v.condemn(ctx, []string{id}, wrong)
	}

	v.proven++
	v.waiting = append(v.waiting, id)

	if len(v.waiting) < recordEach && time.Since(v.recorded) < recordAfter { //nolint:forbidigo // as above
		return nil
	}

	return v.recordWaiting(ctx)
}

func (v *verdicts) record(ctx context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()

	return v.recordWaiting(ctx)
}

// recordWaiting is called with mu held.
func (v *verdicts) recordWaiting(ctx context.Context) error {
	if len(v.waiting) == 0 {
		return nil
	}

	if err := filecatalogue.Proven(ctx, v.Steward, v.waiting, v.now()); err != nil {
		return fmt.Errorf("drilling: %w", err)
	}

	v.waiting, v.recorded = v.waiting[:0], time.Now() //nolint:forbidigo // as above

	return nil
}

// condemn records contents that were found wanting, so that the next attempt
// stores them anew, and remembers why.
func (r *run) condemn(ctx context.Context, ids []string, reason error) error {
	if len(ids) == 0 {
		return nil
	}

	if err := filecatalogue.Condemned(ctx, r.Steward, ids, r.now()); err != nil {
		return fmt.Errorf("drilling: %w", err)
	}

	r.condemned(int64(len(ids)), reason)

	return nil
}

func (r *run) condemned(count int64, reason error) {
	r.done.bad += count
	if r.done.first == nil {
		r.done.first = reason
	}
}

func (r *run) now() time.Time { return r.Clock.Now() }

// known says that a content was condemned by another drill.
func (r *run) known() {
	r.condemned(1, failure.New(failure.ArchiveInvalid, "reading the list of files (it names a content that another drill refused)"))
}
