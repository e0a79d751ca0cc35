package activities

import (
	"context"
	"errors"
	"strings"
	"time"

	"steward/internal/clocks"
	"steward/internal/copies"
	"steward/internal/failure"
	"steward/internal/operator"
	"steward/internal/patience"
	"steward/internal/postgres"
	"steward/internal/prune"
	"steward/internal/removal"
)

// Prunes does what PruneBackups and PruneByHand need. It belongs to the backup
// role.
type Prunes struct {
	// Steward is the steward database.
	Steward *postgres.DB
	// Remover removes objects and proves it.
	Remover removal.Remover
	// Copies removes copies in other locations, by the same rule; nil for none.
	Copies *copies.Pruner
	// Rule is what the policy says; Enforce is false in observe mode, in which
	// nothing is removed.
	Rule    prune.Rule
	Enforce bool
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Patience scales the timeouts.
	Patience patience.Scale
}

// PruneResult counts what a prune did and found.
type PruneResult struct {
	// Kept, Removed and Exceptions are backups; Orphans are objects that belong to
	// none and went; Due are backups that observe mode would have removed.
	Kept, Removed, Exceptions, Orphans, Due int
	// WouldGo are objects that observe mode would have removed.
	WouldGo int
	// Waiting are objects that should go and that the bucket still keeps.
	Waiting int
	// Late are objects that are there past their time and the tolerance.
	Late int
	// Missing are objects of kept backups that the bucket has no more.
	Missing int
	// Foreign are objects that nobody announced; they are never touched.
	Foreign int
	// Copies is the same of all other locations together.
	Copies copies.Pruned `json:",omitzero"` //nolint:tagliatelle // named as Go names the fields beside it
}

// PruneBackups decides from the catalogue, the bucket and this process's clock
// what goes, and removes it. One removal that fails does not keep the others from
// being tried; the activity then fails and is tried again.
// So do the copies in other locations, by the same rule.
func (p *Prunes) PruneBackups(ctx context.Context) (PruneResult, error) {
	result, first := p.pulsed(ctx, func(prune.Plan) error { return nil })

	var others error
	result.Copies, others = p.pruneCopies(ctx)

	return result, errors.Join(first, others)
}

func (p *Prunes) pruneCopies(ctx context.Context) (result copies.Pruned, err error) {
	if p.Copies == nil {
		return result, nil
	}

	err = alone(ctx, p.Patience, p.Steward, removal.Backups, func(ctx context.Context, report func(string, int64)) (err error) {
		result, err = p.Copies.Prune(ctx, p.Clock.Now(), func(done int) { report("pruning copies", int64(done)) })

		return err
	})

	return result, err
}

// ExecutePrune prunes as an operator asked, if the plan of now is the one that the
// operator saw. It fails with PlanChanged where it is another, with ObservedOnly
// in observe mode, and with EvidenceMissing where nobody asked and in a workflow that
// is not the act's own. What the operator agreed to only stops: everything is decided
// anew. How it ended is written to the act before it is given back: a crash in between
// leaves an act whose next try finds nothing to do.
func (p *Prunes) ExecutePrune(ctx context.Context, act string) (PruneResult, error) {
	if err := own(ctx, act); err != nil {
		return PruneResult{}, err
	}

	result, err := p.executePrune(ctx, act)

	outcome := operator.Done
	if err != nil {
		outcome = string(failure.CodeOf(err))
	}

	// A try that is stopped says so too.
	whatever, cancel := context.WithTimeout(context.WithoutCancel(ctx), p.Patience.Of(finishing))
	defer cancel()

	return result, errors.Join(err, operator.Finish(whatever, p.Steward, act, outcome))
}

// finishing is how long it may take to write how a prune by hand ended.
const finishing = 10 * time.Second

func (p *Prunes) executePrune(ctx context.Context, act string) (PruneResult, error) {
	if !p.Enforce {
		return PruneResult{}, failure.New(failure.ObservedOnly, "pruning by hand")
	}

	return p.pulsed(ctx, func(plan prune.Plan) error { return p.agreed(ctx, act, plan) })
}

// agreed compares the plan with what was agreed to. A try that was cut short has
// done part of it, so that a later try finds less to do, never more.
func (p *Prunes) agreed(ctx context.Context, id string, plan prune.Plan) error {
	asked, err := operator.Get(ctx, p.Steward, id)
	if err != nil {
		return err
	}

	if asked.Verb != operator.PruneBackups || !asked.Intended || asked.Ended {
		return failure.New(failure.EvidenceMissing, "pruning by hand without an intent")
	}

	if !asked.Begun {
		if plan.Hash() != asked.InputSHA256 {
			return failure.New(failure.PlanChanged, "pruning by hand")
		}

		return operator.Begin(ctx, p.Steward, id, strings.Join(plan.Effects(), "\n"), p.Clock.Now())
	}

	if !plan.Within(strings.Split(asked.Effects, "\n")) {
		return failure.New(failure.PlanChanged, "going on with a prune by hand")
	}

	return nil
}

func (p *Prunes) pulsed(ctx context.Context, allowed func(prune.Plan) error) (result PruneResult, err error) {
	err = alone(ctx, p.Patience, p.Steward, removal.Backups, func(ctx context.Context, report func(string, int64)) (err error) {
		result, err = p.prune(ctx, allowed, report)

		return err
	})

	return result, err
}

// alone works under a pulse, while no other prune of the same kind does.
func alone(
	ctx context.Context, scale patience.Scale, steward *postgres.DB, turn removal.Turn,
	work func(context.Context, func(string, int64)) error,
) error {
	return withPulse(ctx, scale, func(ctx context.Context, report func(string, int64)) error {
		report("waiting for another prune", 0)

		return removal.Alone(ctx, steward, turn, func(ctx context.Context) error { return work(ctx, report) })
	})
}

func (p *Prunes) prune(
	ctx context.Context, allowed func(prune.Plan) error, report func(phase string, done int64),
) (PruneResult, error) {
	now := p.Clock.Now()

	world, err := removal.Read(ctx, p.Steward)
	if err != nil {
		return PruneResult{}, err
	}

	report("listing", 0)

	if err := world.List(ctx, p.Steward, p.Remover.Bucket); err != nil {
		return PruneResult{}, p.unseen(ctx, world, err)
	}

	plan := world.Plan(p.Rule, now)
	result := counted(plan)

	if !p.Enforce {
		return result, nil
	}

	if err := allowed(plan); err != nil {
		return result, err
	}

	done, err := p.Remover.Run(ctx, world, plan, now, func(done int) { report("pruning", int64(done)) })
	result.Removed, result.Orphans, result.Late = done.Removed, done.Strays, done.Overdue
	result.Due, result.WouldGo = 0, 0

	return result, err
}

// unseen records what is overdue though the bucket does not answer.
func (p *Prunes) unseen(ctx context.Context, world *removal.World, cause error) error {
	if !p.Enforce {
		return cause
	}

	world.Assume()

	now := p.Clock.Now()

	return errors.Join(cause, p.Remover.NoteOverdue(ctx, world, world.Plan(p.Rule, now), now, failure.CodeOf(cause)))
}

func counted(plan prune.Plan) PruneResult {
	result := PruneResult{
		WouldGo: plan.Count(prune.Delete), Waiting: plan.Count(prune.Wait), Missing: plan.Count(prune.Missing),
		Foreign: plan.Count(prune.Foreign),
	}

	for _, verdict := range plan.Backups {
		switch verdict.Action {
		case prune.Delete:
			result.Due++
		case prune.Except:
			result.Exceptions++
			result.Kept++
		default:
			result.Kept++
		}
	}

	return result
}
