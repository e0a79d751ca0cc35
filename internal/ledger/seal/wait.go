package seal

import (
	"bytes"
	"context"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// lookEvery is how often a waiter looks: a seal comes within seconds.
const lookEvery = 200 * time.Millisecond

// Waiter tells when an entry is sealed in both copies. It needs only to read.
type Waiter struct {
	// DB is the steward database.
	DB ledger.Queryer
	// Mirror is the second copy.
	Mirror ledger.Mirror
	// Verifier checks the checkpoints.
	Verifier note.Verifier
}

// Sealed is the evidence that an entry is in both copies.
type Sealed struct {
	// Position is the entry's place in the ledger.
	Position int64
	// Checkpoint is the one that the mirror holds for its segment.
	Checkpoint ledger.Checkpoint
}

const selectEnd = `SELECT to_position, root FROM ledger.segments
	WHERE to_position > $1 ORDER BY to_position LIMIT 1`

// WaitSealed returns when the entry's segment and checkpoint are in the
// mirror, which is what a tombstone waits for before anything is erased. It
// returns failure.EvidenceMissing for an entry that does not exist,
// failure.TimedOut when ctx ends first, and any other failure at once.
func (w Waiter) WaitSealed(ctx context.Context, id ledger.ID) (Sealed, error) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()

	for {
		sealed, err := w.Look(ctx, id)
		if !failure.Is(err, failure.LedgerBehind) {
			return sealed, err
		}

		select {
		case <-ctx.Done():
			return Sealed{}, failure.Wrap(failure.TimedOut, "waiting for the ledger's seal", ctx.Err())
		case <-ticker.C:
		}
	}
}

// Look looks once: it returns the seal, or failure.LedgerBehind if the mirror
// does not have the entry yet.
func (w Waiter) Look(ctx context.Context, id ledger.ID) (Sealed, error) {
	_, position, err := ledger.Find(ctx, w.DB, id)
	if err != nil {
		return Sealed{}, err
	}

	var (
		end  int64
		root []byte
	)

	if err := w.DB.QueryRow(ctx, selectEnd, position).Scan(&end, &root); err != nil {
		return Sealed{}, failure.Wrap(failure.Unavailable, "reading an entry's segment", err)
	}

	stored, _, err := w.Mirror.Get(ctx, ledger.CheckpointName(end))
	if failure.Is(err, failure.ObjectNotFound) {
		return Sealed{}, failure.New(failure.LedgerBehind, "looking for an entry's checkpoint in the mirror")
	}

	if err != nil {
		return Sealed{}, failure.Wrap(failure.Unavailable, "reading an entry's checkpoint", err)
	}

	checkpoint, err := ledger.OpenCheckpoint(stored, w.Verifier)
	if err != nil || checkpoint.Size != end || !bytes.Equal(checkpoint.Root[:], root) {
		return Sealed{}, failure.New(failure.LedgerTampered, "comparing an entry's checkpoint with the mirror's")
	}

	return Sealed{Position: position, Checkpoint: checkpoint}, nil
}
