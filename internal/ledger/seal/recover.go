package seal

import (
	"context"
	"crypto/sha256"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// Recover brings the mirror up to the head that the database holds and returns
// that head. It is what each start does first, and what a seal does after a
// failure; on a healthy ledger it changes nothing. It refuses with
// LedgerTampered a mirror that is ahead of the database (the database was set
// back) or that holds another history, and with LedgerMoved when another sealer
// is at work.
func (s *Sealer) Recover(ctx context.Context) (ledger.Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.published = unknown

	return s.current(ctx)
}

// current reads the head and makes sure that the mirror has it.
func (s *Sealer) current(ctx context.Context) (ledger.Head, error) {
	head, err := ledger.ReadHead(ctx, s.db)
	if err != nil || head.Size == s.published {
		return head, err
	}

	if err := s.refuseAhead(ctx, head); err != nil {
		return ledger.Head{}, err
	}

	if head.Size == 0 {
		s.published = 0

		return head, nil
	}

	if err := s.checkHead(head); err != nil {
		return ledger.Head{}, err
	}

	segment, err := s.segmentOf(ctx, head)
	if err != nil {
		return ledger.Head{}, err
	}

	return head, s.publish(ctx, head, segment)
}

// checkHead refuses a head that we did not sign.
func (s *Sealer) checkHead(head ledger.Head) error {
	checkpoint, err := ledger.OpenCheckpoint([]byte(head.Checkpoint), s.verifier)
	if err != nil || checkpoint.Size != head.Size || checkpoint.Root != head.Root || !checkpoint.At.Equal(head.At) {
		return failure.New(failure.LedgerTampered, "checking the signature of the ledger's head")
	}

	return nil
}

// refuseAhead refuses a mirror with anything beyond the head. The head is read
// again before that is called tampering: another sealer may have moved on.
func (s *Sealer) refuseAhead(ctx context.Context, head ledger.Head) error {
	beyond := []struct{ prefix, from string }{
		{ledger.CheckpointPrefix, ledger.CheckpointName(head.Size + 1)},
		{ledger.SegmentPrefix, ledger.SegmentName(head.Size, head.Size)},
	}

	for _, part := range beyond {
		for _, err := range s.mirror.List(ctx, part.prefix, part.from) {
			if err != nil {
				return failure.Wrap(failure.LedgerBehind, "listing the ledger's mirror", err)
			}

			again, err := ledger.ReadHead(ctx, s.db)
			if err != nil {
				return err
			}

			if again.Size != head.Size {
				return failure.New(failure.LedgerMoved, "comparing head and mirror")
			}

			return failure.New(failure.LedgerTampered, "comparing the head with a mirror that is ahead of it")
		}
	}

	return nil
}

// segmentOf gives the bytes of the head's segment: the staged batch if it is
// still there, which survives any change in the database, else the same bytes
// built again from the rows.
func (s *Sealer) segmentOf(ctx context.Context, head ledger.Head) ([]byte, error) {
	sum, err := readSum(ctx, s.db, head)
	if err != nil {
		return nil, err
	}

	segment, _, err := s.mirror.Get(ctx, ledger.StagingName(head.SegmentFrom, head.Size, sum))
	if failure.Is(err, failure.ObjectNotFound) {
		segment, err = s.rebuild(ctx, head)
	}

	if err != nil {
		return nil, failure.Wrap(failure.LedgerBehind, "reading the staged batch", err)
	}

	if sha256.Sum256(segment) != sum {
		return nil, failure.New(failure.LedgerTampered, "comparing a segment with its recorded hash")
	}

	return segment, nil
}

func (s *Sealer) rebuild(ctx context.Context, head ledger.Head) ([]byte, error) {
	entries, err := readEntries(ctx, s.db, selectSealed, head.SegmentFrom, head.Size)
	if err != nil {
		return nil, err
	}

	segment := ledger.Segment{Origin: s.signer.Name(), From: head.SegmentFrom, To: head.Size}
	for i, entry := range entries {
		line := ledger.Line{Position: head.SegmentFrom + int64(i), Hash: entry.Hash(), Leaf: entry.Leaf()}
		segment.Lines = append(segment.Lines, line)
	}

	return segment.Encode(), nil
}
