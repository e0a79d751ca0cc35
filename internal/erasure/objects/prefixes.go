package objects

import (
	"context"
	"crypto/sha256"
	"strings"

	"steward/internal/clocks"
	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/store"
)

// Prefixes is the objects below prefixes that belong to an account, but for those that its rows name: they are in a Store of their
// own. An object that a row of somebody else names stays, and one whose name is retained. To a person no prefix belongs.
type Prefixes struct {
	*Store

	below below
}

var (
	_ store.Store = Prefixes{}
	_ store.Later = Prefixes{}
)

// Below makes the store of the prefixes that the data map declares for the database of rows. Of the buckets own, which are Steward's,
// nothing is ever listed: a prefix there fails with MapUnfit.
func Below(rows *appdb.Store, declared []datamap.Prefix, client *gcs.Client, clock clocks.Clock, own ...string) Prefixes {
	made := below{rows: rows, declared: declared, client: client, own: own}

	return Prefixes{&Store{source: made, all: []*appdb.Store{rows}, client: client, clock: clock, own: own}, made}
}

// Later implements store.Later: an object may come at any time, so the prefixes are listed again when the rows are gone.
func (p Prefixes) Later(ctx context.Context, frozen store.Frozen) (bool, error) {
	sets, err := frozen.Sets(ctx)

	return sets[p.below.keySet()] > 0, failure.Wrap(failure.Unavailable, "looking for the frozen key of an account", err)
}

// Verify implements store.Store: whatever a listing shows below a prefix, live, noncurrent, or soft-deleted with its time over, unless
// somebody else's row names it. It does not ask what was frozen but for the key.
func (p Prefixes) Verify(ctx context.Context, subject store.Subject, frozen store.Frozen) ([]store.Remainder, error) {
	counts := map[store.Remainder]int64{}
	now := p.clock.Now()

	for _, options := range []gcs.ListOptions{{Versions: true}, {SoftDeleted: true}} {
		left := func(generation gcs.Object) bool { return !options.SoftDeleted || !generation.HardDelete.After(now) }

		err := p.below.listed(ctx, subject, frozen, options, left, func(found []appdb.Object, generations map[appdb.Object]int64) error {
			alone, err := p.nobodys(ctx, subject, found)
			for _, object := range alone {
				counts[store.Remainder{Place: object.Bucket, Why: why(options)}] += generations[object]
			}

			return err
		})
		if err != nil {
			return nil, err
		}
	}

	return remainders(counts), nil
}

// below is what a listing of the prefixes of an account shows.
type below struct {
	rows     *appdb.Store
	declared []datamap.Prefix
	client   *gcs.Client
	own      []string
	moved    moved
}

func (b below) store() string { return b.rows.Name() + " prefixes" }

func (b below) sets() (first, late string) { return b.store() + "/objects", "" }

func (b below) keySet() string { return b.store() + "/account" }

func (b below) buckets(_ context.Context, subject store.Subject) (buckets []string, err error) {
	if subject.Kind != plan.Account {
		return nil, nil
	}

	for _, prefix := range b.declared {
		buckets = append(buckets, prefix.Bucket)
	}

	return buckets, nil
}

// each tells the objects below the prefixes that no row of the subject names and no row of somebody else. It freezes the account's key
// first: once its row is gone, nothing says how the database wrote it.
func (b below) each(ctx context.Context, subject store.Subject, frozen store.Frozen, tell func(appdb.Object) error) error {
	if subject.Kind != plan.Account {
		return nil
	}

	if frozen != nil {
		if err := b.freeze(ctx, subject, frozen); err != nil {
			return err
		}
	}

	var byRows map[[sha256.Size]byte]bool

	all := func(gcs.Object) bool { return true }

	return b.listed(ctx, subject, frozen, gcs.ListOptions{Versions: true}, all, func(found []appdb.Object, _ map[appdb.Object]int64) error {
		if byRows == nil { // nothing lies below most prefixes once the rows' own are gone: ask only where something does
			known, err := b.named(ctx, subject)
			if err != nil {
				return err
			}

			byRows = known
		}

		alone, err := b.rows.StillAlone(ctx, subject, found)
		if err != nil {
			return err
		}

		for _, object := range alone {
			if byRows[sum(object)] {
				continue
			}

			if err := tell(object); err != nil {
				return err
			}
		}

		return nil
	})
}

// named are the objects that rows of the subject name.
func (b below) named(ctx context.Context, subject store.Subject) (map[[sha256.Size]byte]bool, error) {
	known := map[[sha256.Size]byte]bool{}

	return known, b.rows.Objects(ctx, subject, func(object appdb.Object) error {
		known[sum(object)] = true

		return nil
	})
}

// freeze keeps the account's key. What was frozen before stays.
func (b below) freeze(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	if kept, err := b.frozenKey(ctx, frozen); err != nil || kept != "" {
		return err
	}

	key, err := b.key(ctx, subject)
	if err != nil {
		return err
	}

	return failure.Wrap(failure.Unavailable, "freezing the key of an account", frozen.Put(ctx, b.keySet(), 0, [][]string{{key}}))
}

func (b below) frozenKey(ctx context.Context, frozen store.Frozen) (string, error) {
	if frozen == nil {
		return "", nil
	}

	kept, err := frozen.Get(ctx, b.keySet(), 0)
	if err != nil || len(kept) == 0 {
		return "", failure.Wrap(failure.Unavailable, "reading the frozen key of an account", err)
	}

	return kept[0][0], nil
}

// key is the account's as the database writes it. It fails with MapUnfit where a prefix made of it could be another account's.
func (b below) key(ctx context.Context, subject store.Subject) (string, error) {
	separators := make([]string, len(b.declared))
	for i, prefix := range b.declared {
		separators[i] = prefix.Separator()
	}

	key, err := b.rows.AccountKey(ctx, subject, separators)
	if err != nil {
		return "", err
	}

	for _, separator := range separators {
		if key == "" || key == "." || key == ".." || strings.Contains(key, separator) {
			return "", failure.New(failure.MapUnfit, "looking below prefixes: the account's key is empty, or holds the separator "+separator+
				" (take the prefix out of the data map)")
		}
	}

	return key, nil
}
