package doctor

import (
	"context"
	"fmt"
	"time"

	"steward/internal/failure"
	"steward/internal/filecatalogue"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/schema"
)

// aDay is how far apart two backups of a set are. The next one has done_within more, and
// what is older than both is too old for the promise as well.
const aDay = 24 * time.Hour

// files looks at a set of files of the app. Whether they can be listed and read is for
// the worker with the role backup to find out, which looks before each run: nobody else
// needs a right to what the app keeps (docs/production.md). So the bucket is only asked
// whether it is there, by who may know that, and what the newest backup found is read
// from the catalogue.
func (d *Doctor) files(ctx context.Context, files policy.Files) Check {
	there, err := d.there(ctx, files)
	if failure.Is(err, failure.ObjectNotFound) {
		return wrong(files.Item(), failure.ObjectNotFound, "the app has no bucket "+files.Bucket,
			"Name the right one under promises.backups.files of the policy")
	}

	if err != nil {
		return failed(files.Item(), err)
	}

	newest, found, err := d.newest(ctx, files.Name)

	switch {
	case err != nil:
		return failed(files.Item(), err)
	case found && d.Clock.Now().Sub(newest.SnapshotAt) >= aDay+d.Policy.Promises.Backups.DoneWithin.Shortest():
		return warned(files.Item(), fmt.Sprintf("the newest backup is of %s, which is more than a day and %s ago",
			newest.SnapshotAt.UTC().Format("2006-01-02 15:04 UTC"), d.Policy.Promises.Backups.DoneWithin.Words()),
			"Does the worker with the role backup run, and what became of its last runs? steward promises says which days are missing")
	case found && newest.Count == 0 && !files.MayBeEmpty:
		return warned(files.Item(), fmt.Sprintf("the backup of %s has no file at all", newest.Day),
			"Are bucket and prefix right under promises.backups.files of the policy? If there may be no file, say may_be_empty there")
	case found:
		return fine(files.Item(), fmt.Sprintf("%d files in the backup of %s", newest.Count, newest.Day))
	case there:
		return fine(files.Item(), files.Bucket+" is there; no backup of it yet")
	default:
		return skipped(files.Item(), files.Bucket+" is not for this account to look at, and there is no backup of it yet")
	}
}

// there reports whether the bucket is known to be there: false where this account may
// not know, and fails with ObjectNotFound where it is not.
func (d *Doctor) there(ctx context.Context, files policy.Files) (bool, error) {
	_, err := d.Storage.Bucket(files.Bucket).Settings(ctx)
	if failure.Is(err, failure.Unauthorised) || failure.Is(err, failure.StorageRefused) {
		return false, nil
	}

	return err == nil, err
}

// newest gives the newest backup of a set. A steward database that is not known or
// lacks its migrations says so itself.
func (d *Doctor) newest(ctx context.Context, files string) (newest filecatalogue.Backup, found bool, err error) {
	if d.Config.StewardDatabase == "" {
		return filecatalogue.Backup{}, false, nil
	}

	db, err := postgres.Open(ctx, d.Config.StewardDatabase)
	if err != nil {
		return filecatalogue.Backup{}, false, err
	}
	defer db.Close()

	if pending, err := schema.Missing(ctx, db); err != nil || pending > 0 {
		return filecatalogue.Backup{}, false, err
	}

	return filecatalogue.Newest(ctx, db, files)
}
