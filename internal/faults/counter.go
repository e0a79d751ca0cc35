package faults

import (
	"context"
	"sync"
)

// Counter is an Injector that lets the Nth call fail in one mode and all
// others pass. With N of zero it only counts.
type Counter struct {
	// N is the number of the call to fail, from 1.
	N int
	// Mode is how that call fails.
	Mode Mode

	mu    sync.Mutex
	calls []Call // owned by mu
}

// Next implements Injector.
func (c *Counter) Next(_ context.Context, call Call) Mode {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.calls = append(c.calls, call)
	if len(c.calls) == c.N {
		return c.Mode
	}

	return Pass
}

// Calls are the calls that passed the gate so far, in order.
func (c *Counter) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()

	return append([]Call(nil), c.calls...)
}

// Reached reports whether the Nth call came.
func (c *Counter) Reached() bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.N > 0 && len(c.calls) >= c.N
}
