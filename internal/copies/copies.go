// Package copies makes a proven backup lie in other locations too, and makes the
// copies go at the end of the backup's time. A copy is made by the storage service
// itself, generation by generation, the signed manifest last: no manifest, no copy.
// What lies in the other bucket is compared with the signed manifest, never only
// with what the first bucket says.
package copies

import (
	"context"
	"errors"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/calendar"
	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/guard"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/removal"
)

// slack is how long before the end of a backup's time each object of its copy must be
// deletable at the latest: PruneBackups comes once an hour.
const slack = time.Hour

// Place is another location.
type Place struct {
	// Name is its name in the policy.
	Name string
	// Bucket holds its copies.
	Bucket *gcs.Bucket
	// Wanted is how that bucket must be set up: nothing is stored in one that would
	// keep a copy too long, or show it to others.
	Wanted guard.Bucket
}

// Copier copies.
type Copier struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Source is the bucket of the first location.
	Source *gcs.Bucket
	// Places are the other locations of the policy.
	Places []Place
	// Verifier is the manifests' public key, pinned in the policy.
	Verifier note.Verifier
	// Keep is how long a backup is kept from its snapshot on, and Zone where its
	// months and years are counted.
	Keep calendar.Duration
	Zone *time.Location
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Progress, if not nil, is told the phase and the bytes done in it.
	Progress func(phase string, bytes int64)
}

// Result counts what was done.
type Result struct {
	// Copied are copies that were made now, There those that were there already.
	Copied, There int
	// TooLate are copies that are not made any more, or were given up on the way:
	// their bucket could not let them go in time.
	TooLate int
}

func (r *Result) add(other Result) {
	r.Copied, r.There, r.TooLate = r.Copied+other.Copied, r.There+other.There, r.TooLate+other.TooLate
}

// Copy copies one backup to every place. A place that fails does not keep the
// others from being tried; all failures come back together. It may be called again
// after any end, and by several at once: what is there is compared and not made
// twice. A copy that is known to have lost an object is made again, and so is one that
// went with its bucket. A backup that is not proven, or gone, is passed over.
func (c *Copier) Copy(ctx context.Context, id string) (Result, error) {
	return c.each(ctx, func(Place) ([]string, error) { return []string{id}, nil })
}

// CatchUp copies to every place what is proven, kept and not there yet, or not whole
// any more. A place that does not answer is left after its first failure, since each
// next would wait as long.
func (c *Copier) CatchUp(ctx context.Context) (Result, error) {
	return c.each(ctx, func(place Place) ([]string, error) {
		return copycatalogue.Wanting(ctx, c.Steward, place.Bucket.Name())
	})
}

func (c *Copier) each(ctx context.Context, wanting func(Place) ([]string, error)) (result Result, err error) {
	var failed []error

	for _, place := range c.Places {
		done, err := c.fill(ctx, place, wanting)
		result.add(done)

		if err != nil {
			failed = append(failed, err)
		}
	}

	return result, errors.Join(failed...)
}

// fill copies backups to one place, after a look at its bucket.
func (c *Copier) fill(ctx context.Context, place Place, wanting func(Place) ([]string, error)) (result Result, err error) {
	wanted, err := wanting(place)
	if err != nil || len(wanted) == 0 {
		return result, err
	}

	have, err := place.Bucket.Settings(ctx)
	if err != nil {
		return result, err
	}

	if drift := guard.Drifts(guard.Check(place.Wanted, have)); len(drift) > 0 {
		return result, failure.New(failure.BucketDrift, "copying to "+place.Name+" ("+guard.Sentence(drift)+")")
	}

	var failed []error

	for _, id := range wanted {
		done, err := c.one(ctx, place, id, have.Retention)
		result.add(done)

		switch {
		case err != nil && unanswered(err):
			return result, errors.Join(append(failed, err)...)
		case err != nil:
			failed = append(failed, err)
		}
	}

	return result, errors.Join(failed...)
}

// unanswered reports whether a failure is one of a service or a database that the
// next backup would meet too.
func unanswered(err error) bool {
	return failure.Is(err, failure.Unavailable) || failure.Is(err, failure.Unauthorised) || failure.Is(err, failure.TimedOut)
}

// one copies one backup to one place. Its row is committed before anything is
// asked of the place, so that what a crash leaves there is known by name; the last
// commit makes it a copy.
func (c *Copier) one(ctx context.Context, place Place, id string, retention time.Duration) (Result, error) {
	row, err := catalogue.Get(ctx, c.Steward, id)
	if err != nil || row.State != catalogue.Drilled {
		return Result{}, err
	}

	until := c.Keep.AddTo(row.SnapshotAt, c.Zone).Add(-slack - retention)
	if !c.Clock.Now().Before(until) {
		return Result{TooLate: 1}, nil
	}

	work, err := c.begin(ctx, place, id)
	if err != nil || !work {
		return unless(err, Result{There: 1})
	}

	made, err := c.objects(ctx, place, row, until)
	if err == nil {
		err = c.record(ctx, place, row, made)
	}

	switch {
	case errors.Is(err, errTooLate):
		return Result{TooLate: 1}, nil
	case failure.Is(err, failure.DayTaken):
		return Result{There: 1}, nil // another run finished it, or it went at its time
	default:
		return unless(err, Result{Copied: 1})
	}
}

// begin opens the row of a copy, and reports whether there is work: one that is whole
// needs none, one that lost an object is opened again, and one that went with its bucket
// is begun anew, since there is a bucket of that name now.
func (c *Copier) begin(ctx context.Context, place Place, id string) (work bool, err error) {
	fresh := copycatalogue.Copy{Backup: id, Bucket: place.Bucket.Name(), Location: place.Name, StartedAt: c.Clock.Now()}

	//nolint:unqueryvet // the beginning of a copy, not of a transaction
	began, err := copycatalogue.Begin(ctx, c.Steward, fresh)
	if err != nil {
		return false, err
	}

	switch began.State {
	case copycatalogue.Copied:
		return copycatalogue.Reopen(ctx, c.Steward, id, fresh.Bucket)
	case copycatalogue.Pruned:
		return c.anew(ctx, fresh)
	default:
		return true, nil
	}
}

// anew begins a copy anew, in turn with the prunes: one that read before that the copy
// was gone would take its new objects for what came back.
func (c *Copier) anew(ctx context.Context, fresh copycatalogue.Copy) (work bool, err error) {
	err = removal.Alone(ctx, c.Steward, removal.Backups, func(ctx context.Context) error {
		work, err = copycatalogue.Anew(ctx, c.Steward, fresh)

		return err
	})

	return work, err
}

// unless is the result where nothing failed.
func unless(err error, result Result) (Result, error) {
	if err != nil {
		return Result{}, err
	}

	return result, nil
}

// record makes a copy of what was stored, in catalogue and ledger at once.
func (c *Copier) record(ctx context.Context, place Place, row catalogue.Backup, made []catalogue.Object) error {
	now := c.Clock.Now()
	body := ledger.CopyBody{
		Backup: row.ID, Database: row.Database, Day: row.Day, Location: place.Name,
		Bucket: ledger.BucketName(place.Bucket.Name()), ManifestSHA256: row.ManifestSHA256, SnapshotAt: row.SnapshotAt.UTC(),
	}

	for _, object := range made {
		body.SizeBytes += object.Bytes
		body.Generation = object.Generation // that of the manifest, which comes last
		body.Objects = append(body.Objects, ledger.ObjectBody{Name: object.Name, Generation: object.Generation})
	}

	return c.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		err := copycatalogue.RecordCopied(ctx, tx, copycatalogue.Copy{
			Backup: row.ID, Bucket: place.Bucket.Name(), CopiedAt: now, ManifestGen: body.Generation, Bytes: body.SizeBytes,
		})
		if err != nil {
			return err
		}

		_, err = ledger.Append(ctx, tx, ledger.BackupCopied, now, body)

		return err
	})
}

func (c *Copier) report(phase string, bytes int64) {
	if c.Progress != nil {
		c.Progress(phase, bytes)
	}
}
