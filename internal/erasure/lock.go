package erasure

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// leaving bounds the way out of the lock: the lock ends with its connection, which is closed in any case.
const leaving = 10 * time.Second

// locked holds the advisory lock of a case during work. The lock has a connection of its own, since work takes those of
// the pool: with both from one pool, as many erasures as it has connections would wait for each other for good.
//
// Where that connection is lost, so is the lock, and the context of work ends: somebody else may be at it by then.
func (e Eraser) locked(ctx context.Context, id string, work func(context.Context) error) error {
	raw, err := pgx.ConnectConfig(ctx, e.Steward.Pool().Config().ConnConfig.Copy())
	if err != nil {
		return failWith("reaching the steward database", err)
	}

	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
		defer cancel()

		_ = raw.Close(ctx) //nolint:errcheck // one that is lost cannot say goodbye, and the lock is gone with it
	}()

	if _, err := postgres.On(raw).Exec(ctx, `select pg_advisory_lock(hashtextextended('steward erasure ' || $1, 0))`, id); err != nil {
		return failWith("waiting for another who works on the erasure", err)
	}

	working, stop := context.WithCancelCause(ctx)
	lost := make(chan struct{})

	go func() {
		defer close(lost)

		// Nobody notifies on this connection: the wait ends with work, or with the connection.
		if _, err := raw.WaitForNotification(working); err != nil && working.Err() == nil {
			stop(failure.Wrap(failure.Unavailable, "holding the lock of an erasure", err))
		}
	}()

	err = work(working)
	gone := context.Cause(working)

	stop(context.Canceled)
	<-lost

	if err != nil && gone != nil && ctx.Err() == nil {
		return failWith("working on an erasure whose lock was lost", gone)
	}

	return err
}
