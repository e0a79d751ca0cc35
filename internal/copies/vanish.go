package copies

import (
	"context"
	"fmt"
	"time"

	"steward/internal/catalogue"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// bucketDeleted is why an exception ends whose copy went with its bucket.
const bucketDeleted = "bucket_deleted"

// deleted reports whether a bucket that could not be listed is proven to exist no
// more. Both the listing and the bucket's own settings must say that there is none, and
// the service must know the first bucket in the same moment, since one that is asked at
// a wrong address knows none. What may not be read, or does not answer, is never gone;
// the error is then why nothing is known.
func (p *Pruner) deleted(ctx context.Context, bucket string, listing error) (bool, error) {
	if !failure.Is(listing, failure.ObjectNotFound) {
		return false, nil
	}

	_, err := p.Storage.Bucket(bucket).Settings(ctx)
	if !failure.Is(err, failure.ObjectNotFound) {
		return false, err
	}

	if _, err = p.First.Settings(ctx); err != nil {
		return false, fmt.Errorf("asking for a bucket that must be there: %w", err)
	}

	return true, nil
}

// vanish records each copy of a deleted bucket as gone. In observe mode it only
// counts them. A crash between two leaves the rest to the next prune.
func (p *Pruner) vanish(ctx context.Context, bucket, name string, at time.Time, result *Pruned) error {
	shelf := copycatalogue.Shelf{Bucket: bucket}

	rows, err := shelf.List(ctx, p.Steward)
	if err != nil {
		return err
	}

	for _, row := range rows {
		if row.State == catalogue.Pruned {
			continue
		}

		if p.Enforce {
			err = p.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return p.gone(ctx, tx, shelf, row, name, at) })
		}

		if err != nil {
			return fmt.Errorf("recording a deleted bucket: %w", err)
		}

		result.Vanished++
	}

	return nil
}

// gone records that one copy went with its bucket, in catalogue and ledger at once. An
// exception that kept it ends with it.
func (p *Pruner) gone(
	ctx context.Context, tx postgres.Tx, shelf copycatalogue.Shelf, row catalogue.Backup, name string, at time.Time,
) error {
	due := p.Rule.Keep.AddTo(row.SnapshotAt, p.Rule.Zone).UTC()

	ended, err := shelf.EndException(ctx, tx, catalogue.Exception{Backup: row.ID, EndedAt: at, EndedCause: bucketDeleted})
	if err == nil && ended {
		_, err = ledger.Append(ctx, tx, ledger.CopyExceptionEnded, at, ledger.ExceptionBody{
			Backup: row.ID, Database: row.Database, Day: row.Day, Location: name, Bucket: ledger.BucketName(shelf.Bucket),
			DueAt: due, Cause: bucketDeleted,
		})
	}

	if err != nil {
		return err
	}

	objects, err := shelf.EveryObject(ctx, tx, row.ID)
	if err != nil {
		return err
	}

	lay := make([]ledger.ObjectBody, len(objects))
	for i, object := range objects {
		lay[i] = ledger.ObjectBody{Name: object.Name, Generation: object.Generation}
	}

	if err := shelf.RecordReleased(ctx, tx, row.ID, at); err != nil {
		return err
	}

	if err := shelf.RecordPruned(ctx, tx, row.ID, at, copycatalogue.WithItsBucket); err != nil {
		return err
	}

	body := ledger.RemovalBody{
		Backup: row.ID, Database: row.Database, Day: row.Day, Generation: row.ManifestGen, SizeBytes: row.Bytes,
		ManifestSHA256: row.ManifestSHA256, DueAt: &due, Location: name, Bucket: ledger.BucketName(shelf.Bucket),
	}
	_, err = ledger.Append(ctx, tx, ledger.CopyBucketGone, at, body.WithObjects(lay))

	return err
}
