package objects

import (
	"context"
	"slices"

	"steward/internal/erasure/appdb"
	"steward/internal/failure"
	"steward/internal/store"
)

// chunks tells the frozen objects, a chunk at a time, those too that were recorded when late rows went.
func (s *Store) chunks(ctx context.Context, frozen store.Frozen, tell func([]appdb.Object) error) error {
	sets, err := frozen.Sets(ctx)
	if err != nil {
		return failure.Wrap(failure.Unavailable, "looking for frozen objects", err)
	}

	first, late := s.source.sets()

	for _, set := range []string{first, late} {
		for chunk := range sets[set] {
			rows, err := frozen.Get(ctx, set, chunk)
			if err != nil {
				return failure.Wrap(failure.Unavailable, "reading frozen objects", err)
			}

			named := make([]appdb.Object, len(rows))
			for i, row := range rows {
				named[i] = appdb.Object{Bucket: row[0], Name: row[1]}
			}

			if err := tell(named); err != nil {
				return err
			}
		}
	}

	return nil
}

// Later implements store.Later: names are recorded when rows go that came after the objects were erased.
func (s *Store) Later(ctx context.Context, frozen store.Frozen) (bool, error) {
	sets, err := frozen.Sets(ctx)
	_, late := s.source.sets()

	return sets[late] > 0, failure.Wrap(failure.Unavailable, "looking for objects that came late", err)
}

// alone tells those frozen objects that nobody else names at this moment, in any database. What was frozen may have come to somebody
// else since, and is theirs then.
func (s *Store) alone(ctx context.Context, subject store.Subject, frozen store.Frozen, tell func(appdb.Object) error) error {
	return s.chunks(ctx, frozen, func(named []appdb.Object) error {
		named, err := s.nobodys(ctx, subject, named)
		if err != nil {
			return err
		}

		for _, object := range named {
			if slices.Contains(s.own, object.Bucket) {
				continue // of a row that came after the plan: what is Steward's is not the subject's
			}

			if _, here := s.moved.at(object.Bucket); !here {
				continue
			}

			if err := tell(object); err != nil {
				return err
			}
		}

		return nil
	})
}

// nobodys are those objects that no row of somebody else names at this moment, in any database.
func (s *Store) nobodys(ctx context.Context, subject store.Subject, named []appdb.Object) (alone []appdb.Object, err error) {
	alone = named

	for _, rows := range s.all {
		if alone, err = rows.StillAlone(ctx, subject, alone); err != nil {
			return nil, err
		}
	}

	return alone, nil
}
