package seal

import (
	"bytes"
	"context"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// latestAttempts is how often the pointer is tried: once, once more after our
// own lost answer, and once more after another sealer's.
const latestAttempts = 3

// publish does steps 3 to 5 for a head that is committed. The first seal and a
// recovery after any crash run this same code; doing it twice changes nothing.
func (s *Sealer) publish(ctx context.Context, head ledger.Head, segment []byte) error {
	// A crash before this leaves the batch in database and staging.
	if err := s.putSame(ctx, ledger.SegmentName(head.SegmentFrom, head.Size), segment); err != nil {
		return err
	}

	// A crash before this leaves a segment without its checkpoint.
	if err := s.putSame(ctx, ledger.CheckpointName(head.Size), []byte(head.Checkpoint)); err != nil {
		return err
	}

	// A crash before this leaves the pointer at the checkpoint before.
	if err := s.moveLatest(ctx, head); err != nil {
		return err
	}

	s.published = head.Size
	if !s.clean(ctx, head.Size) {
		s.published = unknown // Run looks again
	}

	return nil
}

// putSame stores an immutable object. One that is there with the same content
// is success, one with other content is tampering.
func (s *Sealer) putSame(ctx context.Context, name string, data []byte) error {
	_, err := s.mirror.Put(ctx, name, data, ledger.NoObject)
	if !failure.Is(err, failure.ObjectExists) {
		return failure.Wrap(failure.LedgerBehind, "writing to the ledger's mirror", err)
	}

	stored, _, err := s.mirror.Get(ctx, name)
	if err != nil {
		return failure.Wrap(failure.LedgerBehind, "reading back from the ledger's mirror", err)
	}

	if !bytes.Equal(stored, data) {
		return failure.New(failure.LedgerTampered, "comparing an object of the ledger's mirror")
	}

	return nil
}

// moveLatest sets the pointer to the head, unless it is further already. It
// refuses with LedgerTampered a pointer that is not ours or says another root
// for the same size.
func (s *Sealer) moveLatest(ctx context.Context, head ledger.Head) error {
	for range latestAttempts {
		stored, generation, err := s.mirror.Get(ctx, ledger.LatestName)
		if err != nil && !failure.Is(err, failure.ObjectNotFound) {
			return failure.Wrap(failure.LedgerBehind, "reading the pointer to the newest checkpoint", err)
		}

		if err == nil {
			done, err := s.passes(stored, head)
			if done || err != nil {
				return err
			}
		} else {
			generation = ledger.NoObject
		}

		_, err = s.mirror.Put(ctx, ledger.LatestName, []byte(head.Checkpoint), generation)
		if !failure.Is(err, failure.ObjectExists) {
			return failure.Wrap(failure.LedgerBehind, "moving the pointer to the newest checkpoint", err)
		}
	}

	return failure.New(failure.LedgerMoved, "moving the pointer to the newest checkpoint")
}

// passes reports whether the stored pointer is the head's or a newer one.
func (s *Sealer) passes(stored []byte, head ledger.Head) (bool, error) {
	checkpoint, err := ledger.OpenCheckpoint(stored, s.verifier)
	if err != nil || checkpoint.Size == head.Size && checkpoint.Root != head.Root {
		return false, failure.New(failure.LedgerTampered, "checking the pointer to the newest checkpoint")
	}

	return checkpoint.Size >= head.Size, nil
}

// clean removes the staged batches that begin below size: they are sealed, or
// lost against the batch that was. A failure is only counted, since a batch
// that stays is harmless and the next look tries again; whole says that none stayed.
func (s *Sealer) clean(ctx context.Context, size int64) (whole bool) {
	whole = true

	for name, err := range s.mirror.List(ctx, ledger.StagingPrefix, "") {
		if err != nil {
			s.leftovers++

			return false
		}

		if from, ok := ledger.ParseStagingName(name); ok && from < size {
			if err := s.mirror.Delete(ctx, name); err != nil {
				s.leftovers++
				whole = false
			}
		}
	}

	return whole
}
