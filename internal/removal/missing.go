package removal

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"steward/internal/catalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

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
		fresh, err := j.world.records.RecordMissing(ctx, tx,
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

	return j.say(ctx, tx, ledger.BackupMissing, j.body(id).WithObjects(objects))
}
