package execute

import (
	"context"
	"fmt"

	"steward/internal/erasure/session"
)

// lazily has a commit answered before it is on the disk, so that batches wait for no disk, and others not for that of
// batches. A crash of the server may take back the last of them; their rows are found again. Nothing is told
// as done before settle.
const lazily = "set synchronous_commit = off"

// settle comes back when all that was committed before is on the disk, and on the standbys that commits wait for: the server
// writes its log in order, and waits for it where a transaction that wrote something ends. A temporary table writes to the
// catalogue, and leaves nothing.
func settle(ctx context.Context, on *session.Session) error {
	for _, statement := range []string{
		"set synchronous_commit = on", "create temporary table steward_settled (); drop table pg_temp.steward_settled",
	} {
		if _, err := on.Exec(ctx, statement); err != nil {
			return fmt.Errorf("waiting for the disk: %w", err)
		}
	}

	return nil
}
