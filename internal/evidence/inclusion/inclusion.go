// Package inclusion checks that the entries which a signed document cites stand
// in a copy of the ledger: under the very checkpoint that the document stands on,
// at the positions that it names, with the content that it saw.
package inclusion

import (
	"context"

	"golang.org/x/mod/sumdb/tlog"

	"steward/internal/evidence/entries"
	"steward/internal/failure"
	"steward/internal/ledger"
)

// Cited is one entry as a document cites it.
type Cited struct {
	// ID is opaque.
	ID ledger.ID
	// Position is its place, or entries.Waiting.
	Position int64
	// Hash is the hash of its leaf.
	Hash tlog.Hash
}

// Copy is one copy of the ledger.
type Copy interface {
	// Leaf gives the hash of an entry, made anew from its text. It fails with
	// EvidenceMissing if the copy has no such entry.
	Leaf(ctx context.Context, cited Cited) (tlog.Hash, error)
	// Hashes reads the hashes of the tree.
	Hashes(ctx context.Context) tlog.HashReader
	// SealedOnly says that an entry comes to this copy only once it is sealed.
	SealedOnly() bool
}

// Result counts what was checked.
type Result struct {
	// Sealed are cited entries that stand under the checkpoint.
	Sealed int
	// Waiting are those that had no position when the document was signed, and
	// whose content is the one that was cited.
	Waiting int
	// Pending are waiting ones that the mirror, to which only sealed entries come,
	// does not hold yet.
	Pending int
}

// Check verifies that the copy begins with the ledger of the checkpoint, and that
// each cited entry is in it. The checkpoint's own signature is the caller's
// affair. It fails with LedgerTampered when the copy and the document do not
// agree, and with Unavailable when the copy cannot be read.
func Check(ctx context.Context, from Copy, checkpoint ledger.Checkpoint, cited []Cited) (Result, error) {
	var result Result

	reader := from.Hashes(ctx)
	if checkpoint.Size > 0 {
		root, err := tlog.TreeHash(checkpoint.Size, reader)
		if err != nil {
			return result, failure.Wrap(failure.LedgerTampered, "comparing a copy of the ledger with a checkpoint", err)
		}

		if root != checkpoint.Root {
			return result, failure.New(failure.LedgerTampered, "comparing a copy of the ledger with a checkpoint (it does not begin with it)")
		}
	}

	for _, each := range cited {
		if err := result.check(ctx, from, reader, checkpoint, each); err != nil {
			return result, err
		}
	}

	return result, nil
}

func (r *Result) check(ctx context.Context, from Copy, reader tlog.HashReader, checkpoint ledger.Checkpoint, each Cited) error {
	hash, err := from.Leaf(ctx, each)

	switch {
	case failure.Is(err, failure.EvidenceMissing) && each.Position == entries.Waiting && from.SealedOnly():
		r.Pending++

		return nil
	case failure.Is(err, failure.EvidenceMissing):
		return failure.New(failure.LedgerTampered, "looking for the cited entry "+string(each.ID)+" (the copy has no such entry)")
	case err != nil:
		return err
	case hash != each.Hash:
		return failure.New(failure.LedgerTampered, "comparing the cited entry "+string(each.ID)+" (its content is another)")
	case each.Position == entries.Waiting:
		r.Waiting++

		return nil
	case each.Position < 0 || each.Position >= checkpoint.Size:
		return failure.New(failure.LedgerTampered, "placing the cited entry "+string(each.ID)+" (the checkpoint has no such position)")
	}

	path, err := tlog.ProveRecord(checkpoint.Size, each.Position, reader)
	if err != nil {
		return failure.Wrap(failure.LedgerTampered, "proving a cited entry", err)
	}

	err = tlog.CheckRecord(path, checkpoint.Size, checkpoint.Root, each.Position, each.Hash)
	if err == nil {
		r.Sealed++
	}

	return failure.Wrap(failure.LedgerTampered, "placing the cited entry "+string(each.ID), err)
}
