package session

import (
	"context"
	"time"

	"steward/internal/erasure/atwork"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/postgres"
)

// lookEvery is how often the server is asked what it is doing: many times in the half an hour after which a step
// without progress is given up. One count of a large subject is one statement, and may take longer than that.
const lookEvery = time.Minute

// lookTimeout bounds one look.
const lookTimeout = 30 * time.Second

// watch tells, until ctx ends, whether the server is busy with what the session asked it. These looks are no steps of
// the work: any of them may be lost, and they are not counted among the outside calls. They have a connection of their own.
func (s *Session) watch(ctx context.Context, db *postgres.DB, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()

	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}

		if working, err := busy(faults.Without(ctx), db, s.pid); err == nil && working {
			atwork.Tell(ctx)
		}
	}
}

// busy reports whether a backend works. One that waits for a lock, or for what its client sends next, does not.
func busy(ctx context.Context, db *postgres.DB, pid uint32) (working bool, err error) {
	ctx, stop := context.WithTimeout(ctx, lookTimeout)
	defer stop()

	err = db.QueryRow(ctx, `select exists (select from pg_stat_activity where pid = $1 and state = 'active'
		and coalesce(wait_event_type, '') not in ('Lock', 'Client'))`, int64(pid)).Scan(&working)

	return working, failure.Wrap(failure.Unavailable, "looking what the database does", err)
}
