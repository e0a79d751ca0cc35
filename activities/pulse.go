package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"steward/internal/drill"
	"steward/internal/failure"
	"steward/internal/patience"
)

// stall is how long a long activity may show no progress before it is given up
// and tried again. A single big table can keep one statement busy for long.
const stall = 30 * time.Minute

// beatsPerTimeout is how many heartbeats fall into one heartbeat timeout.
const beatsPerTimeout = 4

// Progress is what a heartbeat tells the Temporal Web UI.
type Progress struct {
	// Phase is the step at work, such as "archive".
	Phase string
	// Bytes are those done in this phase.
	Bytes int64
}

// pulse is the progress of one activity.
type pulse struct {
	mu    sync.Mutex
	now   Progress  // owned by mu
	moved time.Time // owned by mu; wall time, since a stall is about this machine
}

// withPulse runs work, sends heartbeats while it runs, and ends it with TimedOut
// when it shows no progress for too long. The heartbeat's goroutine ends before
// withPulse returns.
func withPulse(
	ctx context.Context, scale patience.Scale, work func(context.Context, func(phase string, bytes int64)) error,
) error {
	working, stop := context.WithCancelCause(ctx)
	state := &pulse{moved: time.Now()} //nolint:forbidigo // a stall is measured on the wall, not by the dev clock
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		state.beat(working, stop, scale.Of(stall))
	}()

	err := work(working, state.report)

	stop(nil)
	<-ended

	if cause := context.Cause(working); err != nil && failure.Is(cause, failure.TimedOut) {
		return cause //nolint:wrapcheck // our own
	}

	return err
}

func (p *pulse) report(phase string, bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()

	if bytes == drill.AtWork {
		p.moved = time.Now() //nolint:forbidigo // as above

		return
	}

	if next := (Progress{Phase: phase, Bytes: bytes}); next != p.now {
		p.now, p.moved = next, time.Now() //nolint:forbidigo // as above
	}
}

func (p *pulse) beat(ctx context.Context, stop context.CancelCauseFunc, stalled time.Duration) {
	interval := activity.GetInfo(ctx).HeartbeatTimeout / beatsPerTimeout
	if interval <= 0 {
		interval = stalled / beatsPerTimeout
	}

	ticker := time.NewTicker(interval)
	defer ticker.Stop()

	for {
		p.mu.Lock()
		now, moved := p.now, p.moved
		p.mu.Unlock()

		activity.RecordHeartbeat(ctx, now)

		if time.Since(moved) > stalled { //nolint:forbidigo // as above
			stop(failure.New(failure.TimedOut, "waiting for progress in phase "+now.Phase))

			return
		}

		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
