// Package removal carries out what package prune decided: it makes a backup be
// gone, every object by its generation, then takes the proof from the listings of
// live, noncurrent and soft-deleted objects, then records it in catalogue and
// ledger. It reads the world that decisions are made from, and decides nothing.
package removal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// Remover removes what a plan says; it never touches another object.
type Remover struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Bucket holds the backups.
	Bucket *gcs.Bucket
	// Location names the bucket in the evidence where it holds copies; it is empty
	// for the first location.
	Location string
}

// Result counts what was done.
type Result struct {
	// Removed are backups that are proven gone, Strays objects that belonged to
	// none and are.
	Removed, Strays int
	// Overdue are generations that are still there past their time and the
	// tolerance.
	Overdue int
}

// work is one plan being carried out.
type work struct {
	*Remover

	world  *World
	plan   prune.Plan
	at     time.Time
	result Result
	failed []error
}

// Run carries a plan out as of an instant. What fails does not keep the rest from
// being tried; all failures come back together. A crash anywhere leaves what the
// next plan finds and finishes.
func (r *Remover) Run(ctx context.Context, w *World, plan prune.Plan, at time.Time, report func(done int)) (Result, error) {
	job := &work{Remover: r, world: w, plan: plan, at: at}

	job.try(job.recordMissing(ctx))

	for i, verdict := range plan.Backups {
		report(i)
		job.try(job.backup(ctx, verdict))
	}

	strays := job.strays()
	for _, id := range slices.Sorted(maps.Keys(strays)) {
		job.try(job.sweep(ctx, id, strays[id]))
	}

	return job.result, errors.Join(job.failed...)
}

// NoteOverdue records what outstayed its time while the bucket does not answer,
// with that failure as its cause. Nothing else is done.
func (r *Remover) NoteOverdue(ctx context.Context, w *World, plan prune.Plan, at time.Time, cause failure.Code) error {
	job := &work{Remover: r, world: w, plan: plan, at: at}

	for _, decision := range plan.Objects {
		if decision.Late {
			job.try(job.overdue(ctx, decision, string(cause)))
		}
	}

	return errors.Join(job.failed...)
}

// NoteMissing records what a plan finds missing, and does nothing else: for a bucket
// that is proven to be gone, whose plan is made of an empty listing.
func (r *Remover) NoteMissing(ctx context.Context, w *World, plan prune.Plan, at time.Time) error {
	job := &work{Remover: r, world: w, plan: plan, at: at}

	return job.recordMissing(ctx)
}

func (j *work) try(err error) {
	if err != nil {
		j.failed = append(j.failed, err)
	}
}

// backup does what its verdict and the decisions on its own objects say.
func (j *work) backup(ctx context.Context, verdict prune.Verdict) error {
	if err := j.exception(ctx, verdict); err != nil {
		return err
	}

	var failed []error

	waits, own := false, slices.DeleteFunc(j.plan.Of(verdict.Backup), func(d prune.Decision) bool { return d.Stray })

	for _, decision := range own {
		waits = waits || decision.Action == prune.Wait

		if err := j.object(ctx, decision); err != nil {
			failed = append(failed, err)
		}
	}

	if len(failed) > 0 {
		return errors.Join(failed...)
	}

	if verdict.Action != prune.Except && j.world.unreleased[verdict.Backup] {
		if err := j.world.records.RecordReleased(ctx, j.Steward, verdict.Backup, j.at); err != nil {
			return fmt.Errorf("after an exception: %w", err)
		}
	}

	if verdict.Action != prune.Delete || waits {
		return nil
	}

	return j.finish(ctx, verdict, own)
}

// object changes the hold and deletes, as decided. What stays past its time is
// recorded with the cause.
func (j *work) object(ctx context.Context, decision prune.Decision) error {
	err := j.touch(ctx, decision)

	switch {
	case decision.Late && err != nil:
		return errors.Join(err, j.overdue(ctx, decision, string(failure.CodeOf(err))))
	case decision.Late && decision.Action == prune.Wait:
		return j.overdue(ctx, decision, causeOfWait(decision))
	default:
		return err
	}
}

func (j *work) touch(ctx context.Context, decision prune.Decision) error {
	if decision.Hold != "" {
		err := j.Bucket.SetHold(ctx, decision.Name, decision.Generation, decision.Hold == prune.SetHold)
		if err != nil && !failure.Is(err, failure.ObjectNotFound) {
			return fmt.Errorf("changing a hold: %w", err)
		}
	}

	if decision.Action != prune.Delete {
		return nil
	}

	err := j.Bucket.Delete(ctx, decision.Name, decision.Generation)
	if err != nil && !failure.Is(err, failure.ObjectNotFound) {
		return fmt.Errorf("removing: %w", err)
	}

	return nil
}
