package freeze

import (
	"context"
	"fmt"

	"steward/internal/erasure/selection"
	"steward/internal/postgres"
)

// Prune takes keys out of the session's tables whose rows are somebody else's by now: moved since they were frozen, or
// new ones under a key that was free again. What is frozen stays as it is.
func Prune(ctx context.Context, q postgres.Queryer, found selection.Selection) error {
	statements := found.Prune()

	for pruned := true; pruned; {
		pruned = false

		for _, statement := range statements {
			rows, err := q.Exec(ctx, statement)
			if err != nil {
				return fmt.Errorf("looking for keys that are somebody else's by now: %w", err)
			}

			// Where keys form a circle, a key that is taken out may have led to others.
			pruned = pruned || rows > 0 && found.Route.Rounds
		}
	}

	return nil
}
