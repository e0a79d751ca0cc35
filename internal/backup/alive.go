package backup

import (
	"context"
	"errors"
	"fmt"
	"time"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
)

// beatsPerSilence is how many signs of life an attempt gives in the time after
// which it would be taken for dead: a few may be lost.
const beatsPerSilence = 4

// alive takes the backup while a second goroutine gives signs of life; it ends
// before alive returns. An attempt that learns it was taken over stops.
func (r *run) alive(ctx context.Context) (catalogue.Backup, error) {
	working, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		r.beat(working, stop)
	}()

	taken, err := r.take(working)

	stop(nil)
	<-ended

	if cause := context.Cause(working); err != nil && failure.Is(cause, failure.DayTaken) {
		return catalogue.Backup{}, fmt.Errorf("staying in charge of the day: %w", cause)
	}

	return taken, err
}

func (r *run) beat(ctx context.Context, stop context.CancelCauseFunc) {
	if r.Silence <= 0 {
		return
	}

	ticker := time.NewTicker(r.Silence / beatsPerSilence)
	defer ticker.Stop()

	// Signs of life are not steps of the work: they come by the clock, and any
	// of them may be lost. They are not counted among the outside calls.
	uncounted := faults.Without(ctx)

	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}

		err := catalogue.Beat(uncounted, r.Steward, r.backup.ID, r.backup.Attempt, r.Clock.Now())
		if failure.Is(err, failure.DayTaken) && !errors.Is(err, context.Canceled) {
			stop(err)

			return
		}
	}
}
