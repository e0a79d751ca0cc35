// Package objects is Cloud Storage as a store of a subject's objects: those that rows name, and what else lies below a prefix that
// belongs to an account. It must be frozen and erased before the database that says so.
package objects

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"steward/internal/clocks"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/store"
)

// chunkRows is how many objects a frozen chunk names.
const chunkRows = 10_000

// source is where objects of a subject are known from.
type source interface {
	// store is the name of the store in plans and certificates.
	store() string
	// sets are those of frozen names: what was known first, and what was recorded when rows went, empty if nothing is.
	sets() (first, late string)
	// each tells the objects that are known now, and freezes what it needs to know them later. What is frozen is nil for a plan.
	each(ctx context.Context, subject store.Subject, frozen store.Frozen, tell func(appdb.Object) error) error
	// buckets are those in which objects of the subject may lie.
	buckets(ctx context.Context, subject store.Subject) ([]string, error)
}

// Store is the objects of a subject that one source knows.
type Store struct {
	source source
	all    []*appdb.Store
	client *gcs.Client
	clock  clocks.Clock
	own    []string
	moved  moved
}

var (
	_ store.Store = (*Store)(nil)
	_ store.Later = (*Store)(nil)
)

// New makes the store of the objects that rows name. The buckets own are Steward's: a row that names one is a mistake or
// an attack, and the erasure is refused until it is gone.
func New(rows *appdb.Store, client *gcs.Client, clock clocks.Clock, own ...string) *Store {
	return &Store{source: named{rows}, all: []*appdb.Store{rows}, client: client, clock: clock, own: own}
}

// Beside says which databases there are, this one's among them: rows of each may name objects of the same buckets, and one that
// somebody else's row names anywhere stays. It must be told before anything is erased.
func (s *Store) Beside(all ...*appdb.Store) { s.all = all }

// named are the objects that rows of the subject name.
type named struct{ rows *appdb.Store }

func (n named) store() string { return n.rows.Name() + " objects" }

func (n named) sets() (first, late string) { return appdb.ObjectSets(n.rows.Name()) }

func (n named) each(ctx context.Context, subject store.Subject, _ store.Frozen, tell func(appdb.Object) error) error {
	return n.rows.Objects(ctx, subject, tell)
}

func (n named) buckets(ctx context.Context, subject store.Subject) ([]string, error) {
	return n.rows.Buckets(ctx, subject)
}

// known tells each object of the subject. It fails with MapUnfit where one is in a bucket of Steward's.
func (s *Store) known(ctx context.Context, subject store.Subject, frozen store.Frozen, each func(appdb.Object) error) error {
	return s.source.each(ctx, subject, frozen, func(object appdb.Object) error {
		if slices.Contains(s.own, object.Bucket) {
			return failure.New(failure.MapUnfit, "looking for objects: one is in Steward's own bucket "+object.Bucket)
		}

		if _, here := s.moved.at(object.Bucket); !here {
			return nil
		}

		return each(object)
	})
}

// Name is the database's name and "objects", or "prefixes".
func (s *Store) Name() string { return s.source.store() }

// set is that of the names that are frozen here.
func (s *Store) set() string {
	set, _ := s.source.sets()

	return set
}

// Plan implements store.Store: one step for each bucket. It fails as the plan of the database does.
func (s *Store) Plan(ctx context.Context, subject store.Subject) (steps []plan.Step, err error) {
	counts := map[string]int64{}

	err = s.known(ctx, subject, nil, func(object appdb.Object) error {
		counts[object.Bucket]++

		return nil
	})
	if err != nil {
		return nil, err
	}

	for bucket, count := range counts {
		steps = append(steps, plan.Step{Store: s.Name(), Place: bucket, Action: plan.DeleteRows, Rows: count})
	}

	slices.SortFunc(steps, func(a, b plan.Step) int { return cmp.Compare(a.Place, b.Place) })

	return steps, nil
}

// Freeze implements store.Store. What was frozen before stays: a row that names an object may be gone since, and
// the object not.
func (s *Store) Freeze(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	sets, err := frozen.Sets(ctx)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "looking for frozen objects", err)
	}

	known := map[[sha256.Size]byte]bool{}

	if err := s.chunks(ctx, frozen, func(named []appdb.Object) error {
		for _, object := range named {
			known[sum(object)] = true
		}

		return nil
	}); err != nil {
		return err
	}

	next, chunk := sets[s.set()], [][]string{}
	put := func() error {
		if len(chunk) == 0 {
			return nil
		}

		err := frozen.Put(ctx, s.set(), next, chunk)
		next, chunk = next+1, nil

		return failure.Wrap(failure.Unavailable, "freezing objects", err)
	}

	err = s.known(ctx, subject, frozen, func(object appdb.Object) error {
		if known[sum(object)] {
			return nil
		}

		known[sum(object)] = true

		if chunk = append(chunk, []string{object.Bucket, object.Name}); len(chunk) < chunkRows {
			return nil
		}

		return put()
	})
	if err != nil {
		return err
	}

	return put()
}

// sum stands for an object in memory, whatever the length of its name.
func sum(object appdb.Object) [sha256.Size]byte {
	return sha256.Sum256([]byte(object.Bucket + "\x00" + object.Name))
}

// Erase implements store.Store: each generation of each object goes, live and noncurrent, unless somebody else names the
// object by now. Where a bucket keeps what
// is deleted for a while, the outcome says until when.
func (s *Store) Erase(ctx context.Context, subject store.Subject, frozen store.Frozen, beat func(done int64)) (store.Outcome, error) {
	if err := s.Freeze(ctx, subject, frozen); err != nil {
		return store.Outcome{}, err
	}

	var (
		done  int64
		until time.Time
	)

	err := s.alone(ctx, subject, frozen, func(object appdb.Object) error {
		if err := s.remove(ctx, object); err != nil {
			return err
		}

		kept, err := s.soft(ctx, object)
		if err != nil {
			return err
		}

		done++

		if beat != nil {
			beat(done)
		}

		if kept.After(until) {
			until = kept
		}

		return nil
	})
	if err != nil {
		return store.Outcome{}, err
	}

	switch {
	case done == 0:
		return store.Outcome{Kind: store.NothingFound}, nil
	case !until.IsZero():
		return store.Outcome{Kind: store.Expires, Count: done, At: until}, nil
	default:
		return store.Outcome{Kind: store.Erased, Count: done}, nil
	}
}

// remove deletes every generation of an object. One that is gone already is no error.
func (s *Store) remove(ctx context.Context, object appdb.Object) error {
	bucket := s.bucket(object)

	for generation, err := range bucket.List(ctx, object.Name, gcs.ListOptions{Versions: true}) {
		if failure.Is(err, failure.ObjectNotFound) {
			return nil // no bucket holds nothing
		}

		if err != nil {
			return fmt.Errorf("looking for an object: %w", err)
		}

		if generation.Name != object.Name {
			continue // a longer name with this prefix
		}

		if err := bucket.Delete(ctx, object.Name, generation.Generation); err != nil && !failure.Is(err, failure.ObjectNotFound) {
			return fmt.Errorf("removing an object: %w", err)
		}
	}

	return nil
}

// soft is until when the service keeps a deleted object, zero if it does not.
func (s *Store) soft(ctx context.Context, object appdb.Object) (until time.Time, err error) {
	for generation, err := range s.bucket(object).List(ctx, object.Name, gcs.ListOptions{SoftDeleted: true}) {
		if failure.Is(err, failure.ObjectNotFound) {
			return time.Time{}, nil
		}

		if err != nil {
			return time.Time{}, fmt.Errorf("looking for a deleted object: %w", err)
		}

		if generation.Name == object.Name && generation.HardDelete.After(until) {
			until = generation.HardDelete
		}
	}

	return until, nil
}

// Verify implements store.Store: of what nobody else names, no generation is listed as live or noncurrent, and none as
// soft-deleted whose time is over, or that has none. A bucket that is no more holds nothing.
func (s *Store) Verify(ctx context.Context, subject store.Subject, frozen store.Frozen) (left []store.Remainder, err error) {
	counts := map[store.Remainder]int64{}
	now := s.clock.Now()

	err = s.alone(ctx, subject, frozen, func(object appdb.Object) error {
		for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
			for generation, err := range s.bucket(object).List(ctx, object.Name, options) {
				switch {
				case failure.Is(err, failure.ObjectNotFound):
				case err != nil:
					return fmt.Errorf("looking for what is left: %w", err)
				case generation.Name != object.Name || options.SoftDeleted && generation.HardDelete.After(now):
				default:
					counts[store.Remainder{Place: object.Bucket, Why: why(options)}]++
				}
			}
		}

		return nil
	})
	if err != nil {
		return nil, err
	}

	return remainders(counts), nil
}

// remainders are counts in order of their places.
func remainders(counts map[store.Remainder]int64) (left []store.Remainder) {
	for remainder, count := range counts {
		remainder.Rows = count
		left = append(left, remainder)
	}

	slices.SortFunc(left, func(a, b store.Remainder) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Why, b.Why))
	})

	return left
}

func why(options gcs.ListOptions) string {
	if options.SoftDeleted {
		return "soft-deleted"
	}

	return "listed"
}

// GoneBy implements store.Store: the longest time for which a bucket keeps what is deleted that rows name, or the data map.
func (s *Store) GoneBy(ctx context.Context, subject store.Subject, erasedAt time.Time) (time.Time, error) {
	buckets, err := s.source.buckets(ctx, subject)
	if err != nil {
		return time.Time{}, err
	}

	longest := time.Duration(0)

	for _, bucket := range buckets {
		settings, err := s.client.Bucket(bucket).Settings(ctx)
		if failure.Is(err, failure.ObjectNotFound) {
			continue // no bucket keeps nothing
		}

		if err != nil {
			return time.Time{}, err
		}

		longest = max(longest, settings.SoftDelete)
	}

	return erasedAt.Add(longest), nil
}
