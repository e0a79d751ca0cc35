package activities

import (
	"context"
	"sync"
	"time"

	"go.temporal.io/sdk/activity"

	"steward/internal/drill"
	"steward/internal/failure"
	"steward/internal/fileprogress"
	"steward/internal/forecast"
	"steward/internal/patience"
)

// stall is how long a long activity may show no progress before it is given up
// and tried again. A single big table can keep one statement busy for long.
const stall = 30 * time.Minute

// beatsPerTimeout is how many heartbeats fall into one heartbeat timeout.
const beatsPerTimeout = 4

// phaseArchive is the phase whose bytes are compared with those that the archive
// will have, and phaseHeld the one in which the brake holds a backup.
const (
	phaseArchive = "archive"
	phaseHeld    = "braked"
)

// timed reports whether the bytes of a phase are among those that are expected: what
// is left of it can be told.
func timed(phase string) bool {
	switch phase {
	case phaseArchive, fileprogress.Files, drill.Download, drill.Restore:
		return true
	default:
		return false
	}
}

// untimed reports whether nothing is expected any more once this phase has begun: what
// the estimate is of is done.
func untimed(phase string) bool {
	switch phase {
	case "globals", fileprogress.Manifest, fileprogress.Sample, drill.Compare:
		return true
	default:
		return false
	}
}

// Progress is what a heartbeat tells the Temporal Web UI.
type Progress struct {
	// Phase is the step at work, such as "archive".
	Phase string
	// Bytes are those done in this phase.
	Bytes int64
	// Files are those done in this phase; 0 for a database.
	Files int64 `json:",omitzero"` //nolint:tagliatelle // named as Go names the fields beside it
	// LeftBytes and LeftSeconds are what the dump, the download or the restore of a
	// drill, or the storing or proving of files still has to do, by an estimate; 0 while
	// it is too early to say, and after it.
	LeftBytes   int64 `json:",omitzero"` //nolint:tagliatelle // named as Go names the fields beside it
	LeftSeconds int64 `json:",omitzero"` //nolint:tagliatelle // as above
	// HeldSeconds is how long the brake has held the work so far in all.
	HeldSeconds int64 `json:",omitzero"` //nolint:tagliatelle // as above
}

// pulse is the progress of one activity.
type pulse struct {
	mu       sync.Mutex
	now      Progress      // owned by mu
	moved    time.Time     // owned by mu; wall time, since a stall is about this machine
	of       string        // owned by mu; the phase that is timed
	began    time.Time     // owned by mu; when its first bytes came
	expected int64         // owned by mu; bytes that it will have, by an estimate, 0 if unknown
	archived int64         // owned by mu; bytes of it so far
	held     time.Duration // owned by mu; how long the brake has held the work
}

func newPulse() *pulse {
	return &pulse{moved: time.Now()} //nolint:forbidigo // a stall is measured on the wall, not by the dev clock
}

// withPulse runs work, sends heartbeats while it runs, and ends it with TimedOut
// when it shows no progress for too long. The heartbeat's goroutine ends before
// withPulse returns.
func withPulse(
	ctx context.Context, scale patience.Scale, work func(context.Context, func(phase string, bytes int64)) error,
) error {
	state := newPulse()

	return state.during(ctx, scale, func(ctx context.Context) error { return work(ctx, state.report) })
}

// during is withPulse for work that tells the pulse more than its phase.
func (p *pulse) during(ctx context.Context, scale patience.Scale, work func(context.Context) error) error {
	working, stop := context.WithCancelCause(ctx)
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		p.beat(working, stop, scale.Of(stall))
	}()

	err := work(working)

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

	if p.now.Phase == phase && p.now.Bytes == bytes {
		return
	}

	p.now.Phase, p.now.Bytes, p.moved = phase, bytes, time.Now() //nolint:forbidigo // as above

	switch {
	case timed(phase) && p.of != phase:
		p.of, p.began, p.archived = phase, p.moved, bytes
	case timed(phase):
		p.archived = bytes
	case untimed(phase):
		p.expected = 0
	}
}

// files is report for a backup of files, which moves by either count.
func (p *pulse) files(phase string, bytes, files int64) {
	p.mu.Lock()
	if p.now.Files != files {
		p.now.Files, p.moved = files, time.Now() //nolint:forbidigo // as above
	}
	p.mu.Unlock()

	p.report(phase, bytes)
}

// expect takes note of how many bytes the archive has or will have.
func (p *pulse) expect(bytes int64) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.expected = bytes
}

// hold shows that the brake is on. That is no stall: the brake has a limit of its
// own.
func (p *pulse) hold(total time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()

	p.now.Phase, p.now.Bytes, p.held = phaseHeld, p.archived, total
	p.moved = time.Now() //nolint:forbidigo // as above
}

// look gives what the next heartbeat tells, and when the work moved last.
func (p *pulse) look() (Progress, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()

	now := p.now
	now.HeldSeconds = int64(p.held.Seconds())

	if !p.began.IsZero() {
		took := time.Since(p.began) - p.held //nolint:forbidigo // as above
		if bytes, left, known := forecast.Left(p.archived, p.expected, took); known {
			now.LeftBytes, now.LeftSeconds = bytes, int64(left.Round(time.Second).Seconds())
		}
	}

	return now, p.moved
}

func (p *pulse) beat(ctx context.Context, stop context.CancelCauseFunc, stalled time.Duration) {
	interval := activity.GetInfo(ctx).HeartbeatTimeout / beatsPerTimeout
	if interval <= 0 {
		interval = stalled / beatsPerTimeout
	}

	ticker := time.NewTicker(interval)
	defer ticker.Stop()

	for {
		now, moved := p.look()
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
