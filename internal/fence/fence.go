// Package fence keeps one attempt in charge of its work: it gives signs of life
// while the work runs, and stops the work once another attempt took over.
package fence

import (
	"context"
	"errors"
	"fmt"
	"time"

	"steward/internal/failure"
	"steward/internal/faults"
)

// beatsPerSilence is how many signs of life an attempt gives in the time after
// which it would be taken for dead: a few may be lost.
const beatsPerSilence = 4

// Hold does the work while a second goroutine gives signs of life; that one ends
// before Hold returns. beat fails with DayTaken once another attempt is in charge:
// then the work is stopped, and Hold fails with DayTaken. With a silence of zero
// no sign is given.
func Hold(ctx context.Context, silence time.Duration, beat, work func(context.Context) error) error {
	working, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		repeat(working, silence, beat, stop)
	}()

	err := work(working)

	stop(nil)
	<-ended

	if cause := context.Cause(working); err != nil && failure.Is(cause, failure.DayTaken) {
		return fmt.Errorf("staying in charge of the day: %w", cause)
	}

	return err
}

func repeat(ctx context.Context, silence time.Duration, beat func(context.Context) error, stop context.CancelCauseFunc) {
	if silence <= 0 {
		return
	}

	ticker := time.NewTicker(silence / beatsPerSilence)
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

		err := beat(uncounted)
		if failure.Is(err, failure.DayTaken) && !errors.Is(err, context.Canceled) {
			stop(err)

			return
		}
	}
}
