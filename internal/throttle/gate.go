package throttle

import (
	"context"
	"io"
	"sync"
	"time"
)

// Gate holds whoever comes to it while it is closed. The zero value is open. It
// is safe for concurrent use.
type Gate struct {
	mu     sync.Mutex
	opened chan struct{} // owned by mu; nil while open, closed when it opens
	since  time.Time     // owned by mu; when it was closed
	held   time.Duration // owned by mu; of the pauses that are over
}

// Hold closes the gate; closing a closed one changes nothing.
func (g *Gate) Hold(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()

	if g.opened == nil {
		g.opened, g.since = make(chan struct{}), now
	}
}

// Release opens the gate; opening an open one changes nothing.
func (g *Gate) Release(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()

	if g.opened != nil {
		close(g.opened)
		g.held += now.Sub(g.since)
		g.opened = nil
	}
}

// Held is whether the gate is closed, and how long it was so far in all.
func (g *Gate) Held(now time.Time) (closed bool, total time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()

	if g.opened == nil {
		return false, g.held
	}

	return true, g.held + now.Sub(g.since)
}

// Wait comes back when the gate is open, or with the error of ctx when that ends
// first.
func (g *Gate) Wait(ctx context.Context) error {
	for {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()

		if opened == nil {
			return ctx.Err()
		}

		select {
		case <-opened:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Writer waits at the gate before each write to w. It ends with the error of
// ctx.
func (g *Gate) Writer(ctx context.Context, w io.Writer) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		if err := g.Wait(ctx); err != nil {
			return 0, err
		}

		return w.Write(p)
	})
}

type writerFunc func(p []byte) (int, error)

// Write implements io.Writer.
func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
