package removal

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"steward/internal/catalogue"
	"steward/internal/ledger"
	"steward/internal/postgres"
	"steward/internal/prune"
)

// stray is one announced object that belongs to no backup that counts, with the
// decisions on its generations; none for one that no listing shows.
type stray struct {
	announced catalogue.Announced
	decisions []prune.Decision
}

// strays are those of the plan, by backup and name.
func (j *work) strays() map[string]map[string]*stray {
	byName := map[string]catalogue.Announced{}
	for _, one := range j.world.announced {
		byName[one.Name] = one
	}

	found := map[string]map[string]*stray{}
	at := func(name string) *stray {
		announced := byName[name]
		if found[announced.Backup] == nil {
			found[announced.Backup] = map[string]*stray{}
		}

		if found[announced.Backup][name] == nil {
			found[announced.Backup][name] = &stray{announced: announced}
		}

		return found[announced.Backup][name]
	}

	for _, decision := range j.plan.Objects {
		if decision.Stray && decision.Action != prune.Keep {
			one := at(decision.Name)
			one.decisions = append(one.decisions, decision)
		}
	}

	for _, absent := range j.plan.Absent {
		at(absent.Name)
	}

	return found
}

// sweep removes the strays of one backup, proves that they are gone, and records
// them together. One that the bucket keeps does not hold up the others.
func (j *work) sweep(ctx context.Context, id string, strays map[string]*stray) error {
	var (
		failed []error
		swept  []*stray
	)

	for _, name := range slices.Sorted(maps.Keys(strays)) {
		gone, err := j.clear(ctx, strays[name])
		if err != nil {
			failed = append(failed, err)
		}

		if gone {
			swept = append(swept, strays[name])
		}
	}

	if len(swept) > 0 {
		err := j.Steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error { return j.recordSwept(ctx, tx, id, swept) })
		if err != nil {
			failed = append(failed, err)
		} else {
			j.result.Strays += len(swept)
		}
	}

	return errors.Join(failed...)
}

// clear deletes every generation of one stray and proves it. One that was proven
// gone before is first recorded as back: a crash after its deletion must leave a
// row that asks for the receipt.
func (j *work) clear(ctx context.Context, one *stray) (gone bool, err error) {
	if one.announced.Gone {
		if err := j.world.records.RecordBack(ctx, j.Steward, one.announced.Name); err != nil {
			return false, fmt.Errorf("removing leftovers: %w", err)
		}
	}

	waits := false

	for _, decision := range one.decisions {
		waits = waits || decision.Action == prune.Wait

		if err := j.object(ctx, decision); err != nil {
			return false, err
		}
	}

	if waits {
		return false, nil
	}

	err = j.Bucket.ProveGone(ctx, one.announced.Name)

	return err == nil, err
}

func (j *work) recordSwept(ctx context.Context, tx postgres.Tx, id string, swept []*stray) error {
	var (
		known   []ledger.ObjectBody
		deleted []prune.Decision
	)

	for _, one := range swept {
		if err := j.world.records.RecordOrphanGone(ctx, tx, one.announced.Name, j.at); err != nil {
			return fmt.Errorf("removing leftovers: %w", err)
		}

		for _, decision := range one.decisions {
			if !decision.Late {
				continue
			}

			cause := causeLateRemoval
			if one.announced.Gone {
				cause = causeAppearedLate
			}

			if err := j.noteOverdue(ctx, tx, decision, cause); err != nil {
				return err
			}
		}

		known = append(known, ledger.ObjectBody{Name: one.announced.Name, Generation: one.announced.Generation})
		deleted = append(deleted, one.decisions...)
	}

	return j.say(ctx, tx, ledger.BackupSwept, j.body(id).WithObjects(receipt(known, deleted)))
}
