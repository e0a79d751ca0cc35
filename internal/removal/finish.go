package removal

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// finish proves that every object of a backup is gone, those among them that were
// announced since the plan, and records it. A crash before the commit leaves a
// backup that the catalogue still lists, and the next plan finishes it.
func (j *work) finish(ctx context.Context, verdict prune.Verdict, own []prune.Decision) error {
	objects, err := j.world.records.EveryObject(ctx, j.Steward, verdict.Backup)
	if err != nil {
		return fmt.Errorf("removing a backup: %w", err)
	}

	gone := make([]ledger.ObjectBody, 0, len(objects))

	for _, object := range objects {
		if err := j.Bucket.ProveGone(ctx, object.Name); err != nil {
			return err
		}

		gone = append(gone, ledger.ObjectBody{Name: object.Name, Generation: object.Generation})
	}

	gone = receipt(gone, own)

	err = j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := j.world.records.RecordPruned(ctx, tx, verdict.Backup, j.at, verdict.Reason); err != nil {
			return fmt.Errorf("removing a backup: %w", err)
		}

		if verdict.Late {
			if err := j.allOverdue(ctx, tx, verdict, gone); err != nil {
				return err
			}
		}

		body, due := j.body(verdict.Backup), verdict.Due.UTC()
		body.DueAt = &due // later reports judge by it, whatever the policy says then

		return j.say(ctx, tx, ledger.BackupPruned, body.WithObjects(gone))
	})
	if err == nil {
		j.result.Removed++
	}

	return err
}

// receipt adds the generations that were deleted to those that the catalogue knew.
func receipt(known []ledger.ObjectBody, deleted []prune.Decision) []ledger.ObjectBody {
	for _, decision := range deleted {
		if decision.Action == prune.Delete {
			known = append(known, ledger.ObjectBody{Name: decision.Name, Generation: decision.Generation})
		}
	}

	slices.SortFunc(known, func(a, b ledger.ObjectBody) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(b.Generation, a.Generation))
	})

	// The unknown generation of a name comes last, and only alone.
	var found []ledger.ObjectBody

	for _, one := range known {
		last := len(found) - 1
		if last >= 0 && found[last].Name == one.Name && (one.Generation == 0 || found[last] == one) {
			continue
		}

		found = append(found, one)
	}

	return found
}

// body begins an entry about objects of a backup.
func (j *work) body(id string) ledger.RemovalBody {
	row := j.world.backups[id]

	return ledger.RemovalBody{
		Backup: row.ID, Database: row.Database, Day: row.Day, Generation: row.ManifestGen, SizeBytes: row.Bytes,
		ManifestSHA256: row.ManifestSHA256, Location: j.Location, Bucket: j.bucket(),
	}
}
