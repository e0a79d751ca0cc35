package removal

import (
	"context"
	"fmt"
	"time"

	"steward/internal/catalogue"
	"steward/internal/gcs"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// World is the catalogue and the bucket as they were found.
type World struct {
	records Records
	backups map[string]catalogue.Backup
	// unreleased are backups whose exception was recorded and on whose objects a
	// hold of Steward's own may stand.
	unreleased map[string]bool
	announced  []catalogue.Announced
	input      prune.Input
}

// Read reads the catalogue as of one instant. The bucket is not looked at yet.
func Read(ctx context.Context, db *postgres.DB) (*World, error) { return ReadFrom(ctx, db, first{}) }

// ReadFrom is Read for the bucket that the records are about.
func ReadFrom(ctx context.Context, db *postgres.DB, records Records) (*World, error) {
	w := &World{records: records, backups: map[string]catalogue.Backup{}, unreleased: map[string]bool{}}

	err := db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		rows, err := records.List(ctx, tx)
		if err != nil {
			return err
		}

		exceptions, err := records.Exceptions(ctx, tx)
		if err != nil {
			return err
		}

		w.announced, err = records.EveryAnnounced(ctx, tx)
		w.rows(rows, exceptions)

		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}

	for _, one := range w.announced {
		w.input.Announced = append(w.input.Announced, prune.Announced{
			Name: one.Name, Backup: one.Backup, Attempt: one.Attempt, Generation: one.Generation, Gone: one.Gone,
		})
	}

	return w, nil
}

// rows says what a decision has to know of each backup.
func (w *World) rows(rows []catalogue.Backup, exceptions map[string]catalogue.Exception) {
	w.input.Backups = nil

	for _, row := range rows {
		w.backups[row.ID] = row
		exception := exceptions[row.ID]
		if exception.Cause == catalogue.Honoured {
			exception = catalogue.Exception{} // it never was one
		}

		w.unreleased[row.ID] = !exception.Since.IsZero() && exception.ReleasedAt.IsZero()
		w.input.Backups = append(w.input.Backups, prune.Backup{
			ID: row.ID, Database: row.Database, Attempt: row.Attempt, OpenedAt: row.OpenedAt, SnapshotAt: row.SnapshotAt,
			Whole:   row.State == catalogue.Taken || row.State == catalogue.Drilled,
			Drilled: row.State == catalogue.Drilled, Pruned: row.State == catalogue.Pruned,
			Exception: prune.Exception{Since: exception.Since, EndedAt: exception.EndedAt, ReleasedAt: exception.ReleasedAt},
		})
	}
}

// List looks at the bucket: live, noncurrent and soft-deleted generations. It
// comes after Read, since the other way round a backup that was taken in between
// would seem to be missing; and what was announced in between is left out, since
// it would seem to be foreign.
func (w *World) List(ctx context.Context, q postgres.Queryer, bucket *gcs.Bucket) error {
	listed := []prune.Listed{}

	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		for object, err := range bucket.List(ctx, "", options) {
			if err != nil {
				return fmt.Errorf("listing the backups' bucket: %w", err)
			}

			listed = append(listed, prune.Listed{
				Name: object.Name, Generation: object.Generation, Noncurrent: !object.Deleted.IsZero(),
				SoftDeleted: options.SoftDeleted, HardDelete: object.HardDelete, RetainUntil: object.RetainUntil, Held: object.Held,
			})
		}
	}

	young, err := w.young(ctx, q)
	if err != nil {
		return err
	}

	w.input.Listed = nil

	for _, one := range listed {
		if !young[one.Name] {
			w.input.Listed = append(w.input.Listed, one)
		}
	}

	return nil
}

// young are the names that were announced since Read.
func (w *World) young(ctx context.Context, q postgres.Queryer) (map[string]bool, error) {
	now, err := w.records.EveryAnnounced(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue again: %w", err)
	}

	young := map[string]bool{}
	for _, one := range now {
		young[one.Name] = true
	}

	for _, one := range w.announced {
		delete(young, one.Name)
	}

	return young, nil
}

// Assume takes every object that was not proven gone to be in the bucket, for a
// bucket that does not answer: so much can still be said of what is overdue.
func (w *World) Assume() {
	w.input.Listed = nil

	for _, one := range w.announced {
		if !one.Gone {
			w.input.Listed = append(w.input.Listed, prune.Listed{Name: one.Name, Generation: one.Generation})
		}
	}
}

// Plan decides by a rule, as of an instant.
func (w *World) Plan(rule prune.Rule, asOf time.Time) prune.Plan {
	input := w.input
	input.Rule, input.AsOf = rule, asOf

	return prune.Make(input)
}

// Look reads catalogue and bucket and plans.
func Look(ctx context.Context, db *postgres.DB, bucket *gcs.Bucket, rule prune.Rule, asOf time.Time) (prune.Plan, error) {
	w, err := Read(ctx, db)
	if err != nil {
		return prune.Plan{}, err
	}

	if err := w.List(ctx, db, bucket); err != nil {
		return prune.Plan{}, err
	}

	return w.Plan(rule, asOf), nil
}
