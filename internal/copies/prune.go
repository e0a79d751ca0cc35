package copies

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"steward/internal/copycatalogue"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/postgres"
	"steward/internal/prune"
	"steward/internal/removal"
)

// Pruner makes copies go at the end of their backups' time, in each location by the
// same plan as in the first.
type Pruner struct {
	// Steward is the steward database, for catalogue and ledger.
	Steward *postgres.DB
	// Storage holds the buckets.
	Storage *gcs.Client
	// First is the bucket of the first location. Where the service does not know this
	// one, it is not believed when it says that another does not exist.
	First *gcs.Bucket
	// Places are the names of the policy's locations, by bucket.
	Places map[string]string
	// Rule is what the policy says; Enforce is false in observe mode, in which
	// nothing is removed.
	Rule    prune.Rule
	Enforce bool
}

// Pruned counts what a prune of copies did and found, in all locations together.
type Pruned struct {
	// Kept, Removed and Exceptions are copies; Orphans are objects that belong to
	// none and went; Due are copies that observe mode would have removed.
	Kept, Removed, Exceptions, Orphans, Due int
	// Vanished are copies that went with a whole bucket, which the policy names no
	// longer and which somebody deleted.
	Vanished int
	// Waiting, Late, Missing and Foreign are objects: what the bucket still keeps,
	// what is there past its time, what is gone too early, what nobody announced.
	Waiting, Late, Missing, Foreign int
}

// Prune removes what is past its time in every location of the policy, and in every
// bucket in which the catalogue knows a copy: one that left the policy is emptied as
// time comes, or recorded as gone where somebody has deleted it, and looked for as long
// as it could be restored. One that fails does not keep the others from being tried.
func (p *Pruner) Prune(ctx context.Context, at time.Time, report func(done int)) (result Pruned, err error) {
	places, err := copycatalogue.Buckets(ctx, p.Steward, at)
	if err != nil {
		return result, err
	}

	maps.Copy(places, p.Places)

	var failed []error

	for _, bucket := range slices.Sorted(maps.Keys(places)) {
		if err := p.place(ctx, bucket, places[bucket], at, &result, report); err != nil {
			failed = append(failed, err)
		}
	}

	return result, errors.Join(failed...)
}

// rule is that of a bucket. Where no younger copy will ever come, since the policy
// names it no more, the last one has its ceiling as any other.
func (p *Pruner) rule(bucket string) prune.Rule {
	rule := p.Rule
	_, named := p.Places[bucket]
	rule.Left = !named

	return rule
}

func (p *Pruner) place(
	ctx context.Context, bucket, name string, at time.Time, result *Pruned, report func(done int),
) error {
	world, err := removal.ReadFrom(ctx, p.Steward, copycatalogue.Shelf{Bucket: bucket})
	if err != nil {
		return err
	}

	remover := removal.Remover{Steward: p.Steward, Bucket: p.Storage.Bucket(bucket), Location: name}

	if err := world.List(ctx, p.Steward, remover.Bucket); err != nil {
		return p.unlisted(ctx, &remover, world, err, at, result)
	}

	plan := world.Plan(p.rule(bucket), at)
	result.count(plan)

	if !p.Enforce {
		return nil
	}

	done, err := remover.Run(ctx, world, plan, at, report)
	result.Due -= dueOf(plan)
	result.Removed, result.Orphans, result.Late = result.Removed+done.Removed, result.Orphans+done.Strays, result.Late+done.Overdue

	return err
}

// unlisted does what is left to do where a bucket could not be listed. One that is
// proven to exist no more has lost its copies: at once where the policy names it, and
// for good where it does not.
func (p *Pruner) unlisted(
	ctx context.Context, remover *removal.Remover, world *removal.World, listing error, at time.Time, result *Pruned,
) error {
	bucket := remover.Bucket.Name()
	_, named := p.Places[bucket]
	gone, doubt := p.deleted(ctx, bucket, listing)

	switch {
	case gone && !named:
		return p.vanish(ctx, bucket, remover.Location, at, result)
	case gone:
		plan := world.Plan(p.rule(bucket), at) // of a listing that is empty
		result.Missing += plan.Count(prune.Missing)

		if !p.Enforce {
			return listing
		}

		return errors.Join(listing, remover.NoteMissing(ctx, world, plan, at))
	case !p.Enforce:
		return errors.Join(listing, doubt)
	default:
		world.Assume()

		return errors.Join(listing, doubt, remover.NoteOverdue(ctx, world, world.Plan(p.rule(bucket), at), at, failure.CodeOf(listing)))
	}
}

func dueOf(plan prune.Plan) (due int) {
	for _, verdict := range plan.Backups {
		if verdict.Action == prune.Delete {
			due++
		}
	}

	return due
}

func (r *Pruned) count(plan prune.Plan) {
	r.Waiting += plan.Count(prune.Wait)
	r.Missing += plan.Count(prune.Missing)
	r.Foreign += plan.Count(prune.Foreign)
	r.Due += dueOf(plan)

	for _, verdict := range plan.Backups {
		switch verdict.Action {
		case prune.Delete:
		case prune.Except:
			r.Exceptions++
			r.Kept++
		default:
			r.Kept++
		}
	}
}
