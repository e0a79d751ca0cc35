package copies

import (
	"context"
	"fmt"

	"steward/internal/catalogue"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// clear takes away what somebody put in the place of an object of a copy, so that it
// can be copied anew. It fails with ObjectDiffers where no object of the copy was ever
// stored under that name: what lay there before is nobody's to remove. The find is in
// the ledger before anything is deleted: a crash leaves an object that the next try
// meets and tells no more.
func (c *Copier) clear(ctx context.Context, place Place, row catalogue.Backup, one part, generation int64) error {
	lie := catalogue.Finding{Backup: row.ID, Name: one.Object, Generation: generation}

	err := c.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		now := c.Clock.Now()

		own, fresh, err := copycatalogue.RecordReplaced(ctx, tx, place.Bucket.Name(), lie, now)
		if err != nil || !own || !fresh {
			return orDiffers(err, own, one, place)
		}

		body := ledger.RemovalBody{
			Backup: row.ID, Database: row.Database, Day: row.Day, Location: place.Name, Bucket: ledger.BucketName(place.Bucket.Name()),
		}
		_, err = ledger.Append(ctx, tx, ledger.CopyReplaced, now,
			body.WithObjects([]ledger.ObjectBody{{Name: one.Object, Generation: generation}}))

		return err
	})
	if err != nil {
		return err
	}

	err = place.Bucket.Delete(ctx, one.Object, generation)
	if err != nil && !failure.Is(err, failure.ObjectNotFound) {
		return fmt.Errorf("removing what replaced an object: %w", err)
	}

	return nil
}

func orDiffers(err error, own bool, one part, place Place) error {
	if err == nil && !own {
		return one.differs(place)
	}

	return err
}
