package account

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// The limits of a committer.
const (
	// maxWaiting bounds the signs that wait, so that a database that does not answer
	// costs some megabytes and not the process: ten seconds of what two cores write.
	maxWaiting = 200_000
	// maxGroup is how many signs are written together at most: enough to share one
	// flush among thousands of callers, and still done in a tenth of a second.
	maxGroup = 10_000
	// writers is how many groups are written at once: while one waits for its flush,
	// the next is on its way. More only make smaller groups.
	writers = 2
	// writeTimeout is how long one group may take: a caller has gone by then.
	writeTimeout = 10 * time.Second
)

// Committer lets many callers share commits: whoever brings signs of life waits
// while they are gathered with those of others into one statement, and is answered
// after its commit. It is safe for concurrent use.
//
// Nothing is held longer than a commit takes: there is no timer, a lone caller is
// written at once.
type Committer struct {
	db       *postgres.DB
	clock    clocks.Clock
	patience patience.Scale

	mu      sync.Mutex
	changed *sync.Cond // waiting or closed changed; its lock is mu
	waiting []*bundle  // in the order of arrival; owned by mu
	signs   int        // how many signs wait; owned by mu
	closed  bool       // nothing more is accepted; owned by mu

	writing sync.WaitGroup
}

// bundle is what one caller brought.
type bundle struct {
	signs []Sign
	// done gets the answer, once; it has room for it.
	done chan answer
}

type answer struct {
	gone map[string]bool
	err  error
}

// NewCommitter starts one. Its statements carry what ctx holds and outlive its end:
// Close ends them.
func NewCommitter(ctx context.Context, db *postgres.DB, clock clocks.Clock, scale patience.Scale) *Committer {
	c := &Committer{db: db, clock: clock, patience: scale}
	c.changed = sync.NewCond(&c.mu)

	for range writers {
		c.writing.Go(func() { c.write(context.WithoutCancel(ctx)) })
	}

	return c
}

// Record waits until the signs are durable, and gives the accounts that are closed:
// of these nothing was recorded. It fails with SignsWaiting, at once and with
// nothing recorded, where too much waits or the committer is closed, and with
// Unavailable where the database does not answer: then the signs may be recorded.
// So they may if ctx ends first.
func (c *Committer) Record(ctx context.Context, signs []Sign) (gone map[string]bool, err error) {
	if len(signs) == 0 {
		return nil, nil //nolint:nilnil // no account is gone
	}

	brought := &bundle{signs: signs, done: make(chan answer, 1)}
	if !c.accept(brought) {
		return nil, failure.New(failure.SignsWaiting, "taking signs of life")
	}

	select {
	case a := <-brought.done:
		return a.gone, a.err
	case <-ctx.Done():
		return nil, failure.Wrap(failure.TimedOut, "waiting for a commit", ctx.Err())
	}
}

// Close takes nothing more, and returns when everything that was accepted is
// answered. It may be called again.
func (c *Committer) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.changed.Broadcast()
	c.writing.Wait()
}

// accept puts a bundle in line, or refuses it. A bundle that finds the line empty
// always fits.
func (c *Committer) accept(brought *bundle) bool {
	c.mu.Lock()
	defer c.mu.Unlock()

	if c.closed || c.signs > 0 && c.signs+len(brought.signs) > maxWaiting {
		return false
	}

	c.waiting, c.signs = append(c.waiting, brought), c.signs+len(brought.signs)
	c.changed.Signal()

	return true
}

// write writes group after group until the committer is closed and nothing waits.
func (c *Committer) write(ctx context.Context) {
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
func (c *Committer) next() []*bundle {
	c.mu.Lock()
	defer c.mu.Unlock()

	for len(c.waiting) == 0 {
		if c.closed {
			return nil
		}

		c.changed.Wait()
	}

	size, taken := 0, 0
	for taken < len(c.waiting) && (taken == 0 || size+len(c.waiting[taken].signs) <= maxGroup) {
		size += len(c.waiting[taken].signs)
		taken++
	}

	group := c.waiting[:taken:taken]
	c.waiting, c.signs = c.waiting[taken:], c.signs-size

	return group
}

// commit writes a group and answers its callers. Where the database refuses the
// group for what is in it, each bundle is tried alone: nobody's sign is refused for
// somebody else's.
func (c *Committer) commit(ctx context.Context, group []*bundle) {
	gone, err := c.record(ctx, group...)
	if err == nil || len(group) == 1 || !refusedByServer(err) {
		for _, brought := range group {
			brought.done <- answer{gone, err}
		}

		return
	}

	for _, brought := range group {
		gone, err := c.record(ctx, brought)
		brought.done <- answer{gone, err}
	}
}

func (c *Committer) record(ctx context.Context, group ...*bundle) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, c.patience.Of(writeTimeout))
	defer cancel()

	signs := map[string]time.Time{}
	for _, brought := range group {
		newest(signs, brought.signs)
	}

	return Record(ctx, c.db, signs, c.clock.Now())
}

// refusedByServer reports whether a server that is well answered that it does not
// take the statement.
func refusedByServer(err error) bool {
	var refused *pgconn.PgError

	return errors.As(err, &refused) && !serverTrouble(refused.Code)
}

// serverTrouble reports whether an SQLSTATE says that the server, and not the statement, is
// the trouble: connection (08), resources (53), intervention (57), system (58).
func serverTrouble(state string) bool {
	switch state[:min(len(state), 2)] {
	case "08", "53", "57", "58":
		return true
	default:
		return false
	}
}
