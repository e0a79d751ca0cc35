package drill

import (
	"context"
	"time"

	"steward/internal/content"
	"steward/internal/faults"
	"steward/internal/postgres"
)

// aheadFirst is after how long it is looked again for a table that was filled meanwhile.
// While none is, that doubles up to aheadLongest: a restore that fills one table for an
// hour is not asked ten thousand times, and what it fills then waits for seconds at most.
const (
	aheadFirst   = 250 * time.Millisecond
	aheadLongest = 8 * time.Second
)

// aheadSuffix ends the name under which such a connection is in the server's list.
const aheadSuffix = "_ahead"

// readingAhead runs the restore and reads into ahead beside it, over a connection of
// its own, what is filled already; when the restore has ended, two read what is left. It is
// no step of the work: whatever fails of it is read again by the description, which
// believes nothing of it unproven, so it is not counted among the outside calls.
// Nothing of it is at work any more when readingAhead returns.
func (s *scratch) readingAhead(ctx context.Context, ahead *content.Ahead, restore func(context.Context) error) error {
	reading, stop := context.WithCancel(faults.Without(ctx))
	restored, ended := make(chan struct{}), make(chan struct{})

	go func() {
		defer close(ended)

		s.readAhead(reading, ahead, restored)
	}()

	err := restore(ctx)
	if err == nil {
		close(restored)
		s.readAhead(reading, ahead, restored)
	} else {
		stop()
	}

	<-ended
	stop()

	return err
}

// readAhead reads table after table until the restore has ended and none is left,
// or until something fails.
func (s *scratch) readAhead(ctx context.Context, ahead *content.Ahead, restored <-chan struct{}) {
	at, err := in(s.Admin, s.name, nil)
	if err != nil {
		return
	}

	if at, err = named(at, s.name+aheadSuffix); err != nil {
		return
	}

	_ = within(ctx, at, func(ctx context.Context, db *postgres.DB) error { //nolint:errcheck // see readingAhead
		for pause := aheadFirst; ; {
			// Asked before it is looked: what is filled between the two is not missed.
			last := closed(restored)

			more, err := ahead.Read(ctx, db)
			if err != nil || last && !more {
				return err
			}

			if more {
				pause = aheadFirst

				continue
			}

			wait(ctx, restored, pause)

			pause = min(2*pause, aheadLongest)
		}
	})
}

// wait comes back after a while, or as soon as the restore or ctx has ended.
func wait(ctx context.Context, restored <-chan struct{}, pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()

	select {
	case <-timer.C:
	case <-restored:
	case <-ctx.Done():
	}
}

func closed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
