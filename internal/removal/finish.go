package removal

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"steward/internal/catalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// The causes of an overdue object beside the codes of failures.
const (
	causeRetained     = "retained"
	causeSoftDeleted  = "soft_deleted"
	causeLateRemoval  = "late_removal"
	causeAppearedLate = "appeared_late"
)

// finish proves that every object of a backup is gone, those among them that were
// announced since the plan, and records it. A crash before the commit leaves a
// backup that the catalogue still lists, and the next plan finishes it.
func (j *work) finish(ctx context.Context, verdict prune.Verdict, own []prune.Decision) error {
	objects, err := catalogue.EveryObject(ctx, j.Steward, verdict.Backup)
	if err != nil {
		return fmt.Errorf("removing a backup: %w", err)
	}

	gone := make([]ledger.ObjectBody, 0, len(objects))

	for _, object := range objects {
		if err := j.prove(ctx, object.Name); err != nil {
			return err
		}

		gone = append(gone, ledger.ObjectBody{Name: object.Name, Generation: object.Generation})
	}

	gone = receipt(gone, own)

	err = j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if err := catalogue.RecordPruned(ctx, tx, verdict.Backup, j.at, verdict.Reason); err != nil {
			return fmt.Errorf("removing a backup: %w", err)
		}

		if verdict.Late {
			if err := j.allOverdue(ctx, tx, verdict, gone); err != nil {
				return err
			}
		}

		_, err := ledger.Append(ctx, tx, ledger.BackupPruned, j.at, j.body(verdict.Backup).WithObjects(gone))

		return err
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
		ManifestSHA256: row.ManifestSHA256,
	}
}

// allOverdue tells of a backup that went too late which objects those were.
func (j *work) allOverdue(ctx context.Context, tx postgres.Tx, verdict prune.Verdict, gone []ledger.ObjectBody) error {
	for _, object := range gone {
		decision := prune.Decision{Name: object.Name, Generation: object.Generation, Backup: verdict.Backup, Due: verdict.Due}
		if err := j.noteOverdue(ctx, tx, decision, causeLateRemoval); err != nil {
			return err
		}
	}

	return nil
}

// overdue tells of an object that is there past its time, once.
func (j *work) overdue(ctx context.Context, decision prune.Decision, cause string) error {
	j.result.Overdue++

	return j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		return j.noteOverdue(ctx, tx, decision, cause)
	})
}

func (j *work) noteOverdue(ctx context.Context, tx postgres.Tx, decision prune.Decision, cause string) error {
	finding := catalogue.Finding{Backup: decision.Backup, Name: decision.Name, Generation: decision.Generation}

	fresh, err := catalogue.RecordOverdue(ctx, tx, finding, decision.Due, cause, j.at)
	if err != nil || !fresh {
		return err
	}

	_, err = ledger.Append(ctx, tx, ledger.BackupOverdue, j.at, ledger.OverdueBody{
		Backup: decision.Backup, Object: decision.Name, Generation: decision.Generation, DueAt: decision.Due.UTC(), Cause: cause,
	})

	return err
}

// recordMissing tells of each backup which of its objects are not in the bucket,
// each once.
func (j *work) recordMissing(ctx context.Context) error {
	missing := map[string][]prune.Decision{}

	for _, decision := range j.plan.Objects {
		if decision.Action == prune.Missing {
			missing[decision.Backup] = append(missing[decision.Backup], decision)
		}
	}

	for _, id := range slices.Sorted(maps.Keys(missing)) {
		decisions := missing[id]
		if err := j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return j.lost(ctx, tx, id, decisions) }); err != nil {
			return fmt.Errorf("recording what is missing: %w", err)
		}
	}

	return nil
}

func (j *work) lost(ctx context.Context, tx postgres.Tx, id string, decisions []prune.Decision) error {
	var objects []ledger.ObjectBody

	for _, decision := range decisions {
		fresh, err := catalogue.RecordMissing(ctx, tx,
			catalogue.Finding{Backup: id, Name: decision.Name, Generation: decision.Generation}, j.at)
		if err != nil {
			return err
		}

		if fresh {
			objects = append(objects, ledger.ObjectBody{Name: decision.Name, Generation: decision.Generation})
		}
	}

	if len(objects) == 0 {
		return nil
	}

	_, err := ledger.Append(ctx, tx, ledger.BackupMissing, j.at, j.body(id).WithObjects(objects))

	return err
}
