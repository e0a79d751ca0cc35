// Package removal makes a backup be gone: every object by its generation, then
// the proof from the listings of live, noncurrent and soft-deleted objects, then
// the record in catalogue and ledger.
package removal

import (
	"context"
	"fmt"
	"time"

	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// Remover removes what the catalogue lists; it never touches another object.
type Remover struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Bucket holds the backups.
	Bucket *gcs.Bucket
}

// Backup removes all objects of a backup, proves that they are gone, and records
// it with the reason at the given time. A crash anywhere leaves a backup that
// the catalogue still lists, and removing it again finishes the work.
func (r *Remover) Backup(ctx context.Context, backup catalogue.Backup, at time.Time, reason string) error {
	objects, err := catalogue.EveryObject(ctx, r.Steward, backup.ID)
	if err != nil {
		return fmt.Errorf("removing a backup: %w", err)
	}

	for _, object := range objects {
		if err := r.remove(ctx, object.Name); err != nil {
			return err
		}
	}

	return r.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := catalogue.RecordPruned(ctx, tx, backup.ID, at, reason); err != nil {
			return fmt.Errorf("removing a backup: %w", err)
		}

		_, err := ledger.Append(ctx, tx, ledger.BackupPruned, at, ledger.BackupBody{
			Backup: backup.ID, Database: backup.Database, Day: backup.Day,
			Generation: backup.ManifestGen, SizeBytes: backup.Bytes, ManifestSHA256: backup.ManifestSHA256,
		})

		return err
	})
}

// Orphans removes the objects that fenced attempts left beside a good backup,
// and gives their number. What the bucket's retention policy still keeps is left
// for a later time: it ends before the backup itself is due.
func (r *Remover) Orphans(ctx context.Context, backup catalogue.Backup, at time.Time) (removed int, err error) {
	if backup.State != catalogue.Drilled {
		return 0, nil // an attempt may still be at work
	}

	objects, err := catalogue.Objects(ctx, r.Steward, backup.ID)
	if err != nil {
		return 0, fmt.Errorf("removing orphans: %w", err)
	}

	for _, object := range objects {
		if object.Attempt == backup.Attempt {
			continue
		}

		retained, err := r.retained(ctx, object.Name, at)
		if err != nil {
			return removed, err
		}

		if retained {
			continue
		}

		if err := r.remove(ctx, object.Name); err != nil {
			return removed, err
		}

		if err := catalogue.RecordOrphanGone(ctx, r.Steward, object.Name, at); err != nil {
			return removed, fmt.Errorf("removing orphans: %w", err)
		}

		removed++
	}

	return removed, nil
}

// retained reports whether the bucket refuses to delete some generation of a name
// at this time.
func (r *Remover) retained(ctx context.Context, name string, at time.Time) (bool, error) {
	for object, err := range r.Bucket.List(ctx, name, gcs.ListOptions{Versions: true}) {
		if err != nil {
			return false, fmt.Errorf("looking for what the bucket keeps: %w", err)
		}

		if object.Name == name && object.RetainUntil.After(at) {
			return true, nil
		}
	}

	return false, nil
}

// remove deletes every generation of a name and proves that none is left.
func (r *Remover) remove(ctx context.Context, name string) error {
	for object, err := range r.Bucket.List(ctx, name, gcs.ListOptions{Versions: true}) {
		if err != nil {
			return fmt.Errorf("looking for what to remove: %w", err)
		}

		if object.Name != name {
			continue // a longer name with this prefix
		}

		err := r.Bucket.Delete(ctx, name, object.Generation)
		if err != nil && !failure.Is(err, failure.ObjectNotFound) {
			return fmt.Errorf("removing: %w", err)
		}
	}

	return r.prove(ctx, name)
}

// prove looks in every listing that could still show the name.
func (r *Remover) prove(ctx context.Context, name string) error {
	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range r.Bucket.List(ctx, name, options) {
			if err != nil {
				return fmt.Errorf("proving a removal: %w", err)
			}

			if object.Name == name {
				return failure.New(failure.StillListed, "proving a removal")
			}
		}
	}

	return nil
}
