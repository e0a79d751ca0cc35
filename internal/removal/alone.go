package removal

import (
	"context"
	"errors"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Turn is the advisory lock of a steward database under which something is pruned, one
// prune after the other; the numbers mean nothing.
type Turn int64

// What is pruned in turn: backups of databases with their copies, and those of files.
// Neither waits for the other: their catalogues and buckets have nothing in common.
const (
	Backups Turn = 7_306_031
	Files   Turn = 7_306_032
)

// leaving bounds the way out of the lock; a connection that cannot say that it
// leaves is closed, and with it the lock ends.
const leaving = 10 * time.Second

// Alone runs work while no other prune of this kind in this steward database is at work,
// and waits for one that is: what is read, decided and carried out must be of one
// prune. Two that came between each other could begin an exception anew that one of
// them had just ended, or take what the other deleted for missing. The lock ends
// with its connection, so that a killed prune holds up nobody.
func Alone(ctx context.Context, db *postgres.DB, turn Turn, work func(context.Context) error) (err error) {
	held, err := db.Pool().Acquire(ctx)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "reaching the steward database", err)
	}
	defer held.Release()

	conn := postgres.On(held.Conn())

	defer func() {
		// A wait that was cut short may have ended with the lock all the same.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaving)
		defer cancel()

		if _, left := conn.Exec(ctx, "select pg_advisory_unlock_all()"); left != nil {
			err = errors.Join(err, failure.Wrap(failure.Unavailable, "letting the next prune begin", left), held.Conn().Close(ctx))
		}
	}()

	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", int64(turn)); err != nil {
		return failure.Wrap(failure.Unavailable, "waiting for another prune", err)
	}

	return work(ctx)
}
