package erasure

import (
	"context"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// IsHeld reports whether a legal hold protects what a case would erase. One whose time is
// over protects it until it was ended: an end that nobody has noted is none.
func IsHeld(ctx context.Context, q postgres.Queryer, of Case) (held bool, err error) {
	err = q.QueryRow(ctx, `select erasure_held($1)`, of.ID).Scan(&held)

	return held, failure.Wrap(failure.Unavailable, "looking for a hold", err)
}
