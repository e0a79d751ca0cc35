package appdb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/execute"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/failure"
	"steward/internal/store"
)

// Object is an object in Cloud Storage that a row names.
type Object struct{ Bucket, Name string }

// ObjectSets are the frozen sets of objects in Cloud Storage of a database, each row a bucket and a name: those that were
// frozen before the first row went, which whoever erases the objects keeps, and those of rows that came later, recorded when
// they went.
func ObjectSets(database string) (frozen, late string) {
	return database + " objects/objects", database + "/#objects"
}

// recorded puts the objects that are frozen already into the session's table, so that none is recorded twice.
func recorded(ctx context.Context, on *session.Session, keys freeze.Keys) error {
	chunks, err := keys.Frozen.Sets(ctx)
	if err != nil {
		return fmt.Errorf("looking for frozen objects: %w", err)
	}

	first, second := ObjectSets(keys.Store)

	for _, set := range []string{first, second} {
		for chunk := range chunks[set] {
			rows, err := keys.Frozen.Get(ctx, set, chunk)
			if err != nil {
				return fmt.Errorf("reading frozen objects: %w", err)
			}

			if len(rows) == 0 {
				continue
			}

			if _, err := on.Exec(ctx, "insert into "+selection.Objects+" select b, o from unnest($1::text[], $2::text[]) as f (b, o) "+
				"on conflict do nothing", freeze.Columns(rows)...); err != nil {
				return fmt.Errorf("loading frozen objects: %w", err)
			}
		}
	}

	return nil
}

// recorder keeps names beside the frozen keys, each time in a chunk after those that there are.
func recorder(found selection.Selection, keys freeze.Keys, chunks map[string]int) execute.Recorder {
	return func(ctx context.Context, set int, names [][]string) error {
		_, name := ObjectSets(keys.Store)
		if set >= 0 {
			name = keys.Name(found.Route.Sets[set].String())
		}

		if err := keys.Frozen.Put(ctx, name, chunks[name], names); err != nil {
			return fmt.Errorf("recording objects: %w", err)
		}

		chunks[name]++

		return nil
	}
}

// Objects tells each of the objects that rows of the subject name, and nobody else's: as long as
// those rows are there. It fails as Plan does, and with the error of each.
func (s *Store) Objects(ctx context.Context, subject store.Subject, each func(Object) error) error {
	found, err := s.find(ctx, subject)
	if err != nil {
		return err
	}

	return s.seen(ctx, found, subject, func(ctx context.Context, on *session.Session) error {
		for _, statement := range found.Named() {
			rows, err := on.Query(ctx, statement)
			if err != nil {
				return fmt.Errorf("looking for objects: %w", err)
			}

			if err := tell(rows, each); err != nil {
				return err
			}
		}

		return nil
	})
}

// StillAlone gives those of the objects that no row of somebody else names now: rows are added, and move, while an
// erasure is decided. It fails as Plan does.
func (s *Store) StillAlone(ctx context.Context, subject store.Subject, objects []Object) (alone []Object, err error) {
	found, err := s.find(ctx, subject)
	if err != nil || len(objects) == 0 {
		return nil, err
	}

	buckets, names := make([]string, len(objects)), make([]string, len(objects))
	for i, object := range objects {
		buckets[i], names[i] = object.Bucket, object.Name
	}

	err = s.seen(ctx, found, subject, func(ctx context.Context, on *session.Session) error {
		rows, err := on.Query(ctx, found.StillAlone(), buckets, names)
		if err != nil {
			return fmt.Errorf("looking for who else names objects: %w", err)
		}

		return tell(rows, func(object Object) error {
			alone = append(alone, object)

			return nil
		})
	})

	return alone, err
}

func tell(rows pgx.Rows, each func(Object) error) error {
	defer rows.Close()

	for rows.Next() {
		var object Object
		if err := rows.Scan(&object.Bucket, &object.Name); err != nil {
			return fmt.Errorf("reading objects: %w", err)
		}

		if err := each(object); err != nil {
			return err
		}
	}

	return failure.Wrap(failure.Unavailable, "reading objects", rows.Err())
}

// Buckets are those that any row names. It fails as Plan does.
func (s *Store) Buckets(ctx context.Context, subject store.Subject) (buckets []string, err error) {
	found, err := s.find(ctx, subject)
	if err != nil {
		return nil, err
	}

	for _, statement := range found.Buckets() {
		rows, err := s.db.Query(ctx, statement)
		if err != nil {
			return nil, failure.Wrap(failure.Unavailable, "looking for buckets", err)
		}

		more, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return nil, failure.Wrap(failure.Unavailable, "looking for buckets", err)
		}

		buckets = append(buckets, more...)
	}

	return buckets, nil
}
