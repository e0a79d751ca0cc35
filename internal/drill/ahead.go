package drill

import (
	"context"
	"time"

	"steward/internal/content"
	"steward/internal/faults"
	"steward/internal/postgres"
)

// aheadEvery is how often it is looked for a table that was filled meanwhile: seldom
// enough to be no load, often enough that nobody waits for it.
const aheadEvery = 250 * time.Millisecond

// aheadSuffix ends the name under which such a connection is in the server's list.
const aheadSuffix = "_ahead"

// readingAhead runs the restore and reads beside it, over a connection of its own,
// what is filled already; when the restore has ended, two read what is left. It is
// no step of the work: whatever fails of it is read again by the description, which
// believes nothing of it unproven, so it is not counted among the outside calls.
// Nothing of it is at work any more when readingAhead returns.
func (s *scratch) readingAhead(ctx context.Context, restore func(context.Context) error) (*content.Ahead, error) {
	ahead := &content.Ahead{}
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

	return ahead, err
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
		for {
			// Asked before it is looked: what is filled between the two is not missed.
			last := closed(restored)

			more, err := ahead.Read(ctx, db)
			if err != nil || last && !more {
				return err
			}

			if !more {
				wait(ctx, restored)
			}
		}
	})
}

// wait comes back after a while, or as soon as the restore or ctx has ended.
func wait(ctx context.Context, restored <-chan struct{}) {
	timer := time.NewTimer(aheadEvery)
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
