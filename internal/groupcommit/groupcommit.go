// Package groupcommit lets many callers share commits. Whoever brings something
// waits while it is gathered with what others bring into one statement, and is
// answered after its commit: thousands of callers pay for one flush.
//
// Nothing is held longer than a commit takes: there is no timer, a lone caller is
// written at once.
package groupcommit

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/failure"
)

// writers is how many groups are written at once: while one waits for its flush,
// the next is on its way. More only make smaller groups.
const writers = 2

// Options say what a committer writes, and how much of it.
type Options[T, R any] struct {
	// Write makes all items durable in one statement, or none, and answers each in
	// their order. It may be called twice at once, and again with items of which it is
	// not known whether they were written.
	Write func(ctx context.Context, items []T) ([]R, error)
	// Size is how many rows an item is.
	Size func(T) int
	// MaxWaiting bounds the rows that wait, so that a database that does not answer
	// costs some megabytes and not the process.
	MaxWaiting int
	// MaxGroup is how many rows are written together at most.
	MaxGroup int
	// Timeout bounds one write.
	Timeout time.Duration
	// Together tells everybody of a refused group, in place of trying each item alone:
	// for who has another way, which then runs for all of them at once.
	Together bool
}

// Committer gathers items. It is safe for concurrent use.
type Committer[T, R any] struct {
	options Options[T, R]

	mu      sync.Mutex
	changed *sync.Cond       // waiting or closed changed; its lock is mu
	waiting []*brought[T, R] // in the order of arrival; owned by mu
	rows    int              // how many rows wait, without those that were left; owned by mu
	left    int              // how many of waiting were left by their callers; owned by mu
	closed  bool             // nothing more is accepted; owned by mu

	writing sync.WaitGroup
}

// brought is what one caller brought.
type brought[T, R any] struct {
	item T
	rows int
	// done gets the answer, once; it has room for it.
	done  chan answer[R]
	taken bool // into a group; owned by the committer's mu
	left  bool // the caller has gone, nothing is to be written; owned by the committer's mu
}

type answer[R any] struct {
	result R
	err    error
}

// New starts a committer. Its writes carry what ctx holds and outlive its end: Close
// ends them.
func New[T, R any](ctx context.Context, options Options[T, R]) *Committer[T, R] {
	c := &Committer[T, R]{options: options}
	c.changed = sync.NewCond(&c.mu)

	for range writers {
		c.writing.Go(func() { c.write(context.WithoutCancel(ctx)) })
	}

	return c
}

// Do waits until the item is durable, and gives its answer. It fails with
// SignsWaiting, at once and with nothing written, where too much waits or the
// committer is closed, with what Write fails with, and with TimedOut if ctx ends
// first: then the item may be written or not. One that still waited then is not: it
// makes room for others.
func (c *Committer[T, R]) Do(ctx context.Context, item T) (R, error) {
	mine := &brought[T, R]{item: item, rows: c.options.Size(item), done: make(chan answer[R], 1)}

	var none R

	if !c.accept(mine) {
		return none, failure.New(failure.SignsWaiting, "taking something to be written")
	}

	select {
	case a := <-mine.done:
		return a.result, a.err
	case <-ctx.Done():
		c.leave(mine)

		return none, failure.Wrap(failure.TimedOut, "waiting for a commit", ctx.Err())
	}
}

// Close takes nothing more, and returns when everything that was accepted is
// answered. It may be called again.
func (c *Committer[T, R]) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.changed.Broadcast()
	c.writing.Wait()
}

// accept puts an item in line, or refuses it. One that finds the line empty always
// fits.
func (c *Committer[T, R]) accept(mine *brought[T, R]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.closed || c.rows > 0 && c.rows+mine.rows > c.options.MaxWaiting {
		return false
	}

	c.waiting, c.rows = append(c.waiting, mine), c.rows+mine.rows
	c.changed.Signal()

	return true
}

// leave takes back an item whose caller waits no longer, unless it is being written.
// Those that were left stand in line until somebody looks, or until they are most of it.
func (c *Committer[T, R]) leave(mine *brought[T, R]) {
	c.mu.Lock()
	defer c.mu.Unlock()

	if mine.taken {
		return
	}

	mine.left = true
	c.left, c.rows = c.left+1, c.rows-mine.rows

	if c.left > len(c.waiting)/2 {
		c.forget()
	}
}

// forget drops from the line what was left. Its caller holds mu.
func (c *Committer[T, R]) forget() {
	c.waiting = slices.DeleteFunc(c.waiting, func(one *brought[T, R]) bool { return one.left })
	c.left = 0
}

// write writes group after group until the committer is closed and nothing waits.
func (c *Committer[T, R]) write(ctx context.Context) {
	for {
		group := c.next()
		if group == nil {
			return
		}

		c.commit(ctx, group)
	}
}

// next waits for something to write, and takes as much of it as goes into one
// statement; nil at the end.
func (c *Committer[T, R]) next() []*brought[T, R] {
	c.mu.Lock()
	defer c.mu.Unlock()

	for len(c.waiting) == c.left {
		if c.closed {
			return nil
		}

		c.changed.Wait()
	}

	if c.left > 0 {
		c.forget()
	}

	rows, taken := 0, 0
	for taken < len(c.waiting) && (taken == 0 || rows+c.waiting[taken].rows <= c.options.MaxGroup) {
		rows += c.waiting[taken].rows
		c.waiting[taken].taken = true
		taken++
	}

	group := c.waiting[:taken:taken]
	c.waiting, c.rows = c.waiting[taken:], c.rows-rows

	return group
}

// commit writes a group and answers its callers. Where the database refuses the
// group for what is in it, each item is tried alone, unless the caller can do better:
// nobody is refused for what somebody else brought. Where it is in trouble then, the
// rest is told so: one timeout after the other would keep everybody waiting.
func (c *Committer[T, R]) commit(ctx context.Context, group []*brought[T, R]) {
	err := c.attempt(ctx, group)

	switch {
	case err == nil:
	case len(group) > 1 && !c.options.Together && RefusedByServer(err):
		for i := range group {
			err := c.attempt(ctx, group[i:i+1])
			if err != nil && !RefusedByServer(err) {
				tell(group[i:], err)

				return
			}

			if err != nil {
				tell(group[i:i+1], err)
			}
		}
	default:
		tell(group, err)
	}
}

// tell gives all of a group the same error.
func tell[T, R any](group []*brought[T, R], err error) {
	for _, one := range group {
		one.done <- answer[R]{err: err}
	}
}

// attempt writes a group, and answers its callers if that goes well.
func (c *Committer[T, R]) attempt(ctx context.Context, group []*brought[T, R]) error {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()

	items := make([]T, len(group))
	for i, one := range group {
		items[i] = one.item
	}

	results, err := c.options.Write(ctx, items)
	if err == nil && len(results) != len(group) {
		err = failure.New(failure.Internal, "answering what was written")
	}

	if err != nil {
		return err // that of Write, which says what it did
	}

	for i, one := range group {
		one.done <- answer[R]{result: results[i]}
	}

	return nil
}

// RefusedByServer reports whether a server that is well answered that it does not
// take the statement: nothing of it was done. Not so the SQLSTATE classes that say
// that the server is the trouble: connection (08), resources (53), intervention
// (57), system (58).
func RefusedByServer(err error) bool {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return false
	}

	switch refused.Code[:min(len(refused.Code), 2)] {
	case "08", "53", "57", "58":
		return false
	default:
		return true
	}
}
