package main

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/metrics"
	"steward/internal/postgres"
	"steward/internal/schema"
)

const (
	// lookTimeout bounds one look at everything.
	lookTimeout = 3 * time.Second
	// lookHolds is how long an answer holds: probes come from several sides, and must
	// not become load on the database; anybody may call /readyz.
	lookHolds = time.Second
)

// readiness knows whether this process can work. It is safe for concurrent use.
type readiness struct {
	db     *postgres.DB
	clock  clocks.Clock // of the machine
	secure bool         // answers travel encrypted, here or up to a proxy

	ending atomic.Bool

	mu    sync.Mutex
	until time.Time       // owned by mu: how long seen holds
	seen  []metrics.Check // owned by mu
}

func newReadiness(p *process) *readiness {
	return &readiness{db: p.db, clock: p.machine, secure: p.door.Secure()}
}

// end makes the process not ready, so that nobody sends new requests.
func (r *readiness) end() { r.ending.Store(true) }

func (r *readiness) isEnding() bool { return r.ending.Load() }

// look is the metrics.Health of this process.
func (r *readiness) look(ctx context.Context) []metrics.Check {
	if r.isEnding() {
		return []metrics.Check{{Name: "process", Err: failure.New(failure.Ending, "looking at this process")}}
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	if r.clock.Now().Before(r.until) {
		return r.seen
	}

	// Whoever asked may go away; the next one gets this answer.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookTimeout)
	defer cancel()

	r.seen = []metrics.Check{{Name: "steward database", Err: r.migrated(ctx)}}
	r.until = r.clock.Now().Add(lookHolds)

	return r.seen
}

// migrated compares the database with the migrations of this program.
func (r *readiness) migrated(ctx context.Context) error {
	missing, err := schema.Missing(ctx, r.db)
	if err == nil && missing > 0 {
		err = failure.New(failure.DatabaseOutOfDate, "comparing the migrations")
	}

	return err
}
