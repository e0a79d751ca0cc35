package activities

import (
	"context"
	"errors"

	"steward/internal/catalogue"
	"steward/internal/clocks"
	"steward/internal/patience"
	"steward/internal/postgres"
	"steward/internal/prune"
	"steward/internal/removal"
)

// Prunes does what PruneBackups needs. It belongs to the backup role.
type Prunes struct {
	// Steward is the steward database.
	Steward *postgres.DB
	// Remover removes objects and proves it.
	Remover removal.Remover
	// Rule is what the policy says; Enforce is false in observe mode, in which
	// nothing is removed.
	Rule    prune.Rule
	Enforce bool
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Patience scales the timeouts.
	Patience patience.Scale
}

// PruneResult counts what a prune did.
type PruneResult struct {
	// Kept, Removed and Exceptions are backups; Orphans are objects that killed
	// attempts left; Due are backups that observe mode would have removed.
	Kept, Removed, Exceptions, Orphans, Due int
}

// PruneBackups decides from the catalogue and this process's clock what goes,
// and removes it. One removal that fails does not keep the others from being
// tried; the activity then fails and is tried again.
func (p *Prunes) PruneBackups(ctx context.Context) (result PruneResult, err error) {
	err = withPulse(ctx, p.Patience, func(ctx context.Context, report func(string, int64)) (err error) {
		result, err = p.prune(ctx, report)

		return err
	})

	return result, err
}

func (p *Prunes) prune(ctx context.Context, report func(phase string, done int64)) (PruneResult, error) {
	kept, err := catalogue.Kept(ctx, p.Steward)
	if err != nil {
		return PruneResult{}, err
	}

	now := p.Clock.Now()

	var (
		result   PruneResult
		failures []error
	)

	for i, decision := range prune.Decide(held(kept), p.Rule, now) {
		report("pruning", int64(i))

		switch {
		case decision.Delete && p.Enforce:
			err := p.Remover.Backup(ctx, kept[i], now, decision.Reason)
			if err != nil {
				failures = append(failures, err)

				continue
			}

			result.Removed++
		case decision.Delete:
			result.Due++
		default:
			result.count(decision)

			if p.Enforce {
				orphans, err := p.Remover.Orphans(ctx, kept[i], now)
				result.Orphans += orphans
				failures = append(failures, err)
			}
		}
	}

	return result, errors.Join(failures...)
}

func (r *PruneResult) count(decision prune.Decision) {
	r.Kept++

	if decision.Exception {
		r.Exceptions++
	}
}

func held(rows []catalogue.Backup) []prune.Held {
	all := make([]prune.Held, len(rows))
	for i, row := range rows {
		all[i] = prune.Held{
			ID: row.ID, Database: row.Database, OpenedAt: row.OpenedAt, SnapshotAt: row.SnapshotAt,
			Drilled: row.State == catalogue.Drilled,
		}
	}

	return all
}
