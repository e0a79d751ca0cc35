package execute

import (
	"context"
	"fmt"
	"slices"

	"steward/internal/erasure/selection"
	"steward/internal/erasure/session"
	"steward/internal/liveschema"
)

// Clean has the server forget what it knew of rows that are gone: it unlinks the large objects that only those
// named, computes the materialized views anew, frees the rows' places, and takes new samples of what was touched
// for its statistics. Before each table it waits for brake, since a vacuum writes what replicas have to follow. It may be run again.
func Clean(ctx context.Context, on *session.Session, found selection.Selection, brake func(context.Context) error, beat func()) error {
	if _, err := on.Exec(ctx, free); err != nil {
		return fmt.Errorf("setting limits: %w", err)
	}

	if err := largeObjects(ctx, on, found); err != nil {
		return err
	}

	views, err := Views(ctx, on, found.Schema, found.Route.Views)
	if err != nil {
		return err
	}

	for _, view := range views {
		if err := refresh(ctx, on, view.Name); err != nil {
			return fmt.Errorf("computing %s anew: %w", view.Name, err)
		}

		beat()
	}

	parents, err := Parents(ctx, on, found, views)
	if err != nil {
		return err
	}

	tables := touched(found, views)
	for _, parent := range parents {
		tables = append(tables, parent.Name)
	}

	for _, table := range tables {
		if err := brake(ctx); err != nil {
			return err
		}

		if err := patiently(ctx, on, "vacuum (analyze) "+table.SQL()); err != nil {
			return fmt.Errorf("cleaning %s: %w", table, err)
		}

		beat()
	}

	return forget(ctx, on, tables)
}

// refreshable says whether a view holds rows, and whether it can be computed anew while others read it.
const refreshable = `select c.relispopulated, exists (select from pg_catalog.pg_index as i where i.indrelid = c.oid and i.indisunique
		and i.indisvalid and i.indimmediate and i.indpred is null and i.indexprs is null)
	from pg_catalog.pg_class as c where c.oid = $1::text::regclass`

// refresh computes a view anew, beside those who read it if it has a unique index. One that holds nothing is left so.
func refresh(ctx context.Context, on *session.Session, view liveschema.Name) error {
	var populated, beside bool
	if err := on.QueryRow(ctx, refreshable, view.SQL()).Scan(&populated, &beside); err != nil {
		return fmt.Errorf("looking at it: %w", err)
	}

	switch {
	case !populated:
		return nil
	case beside:
		return patiently(ctx, on, "refresh materialized view concurrently "+view.SQL())
	default:
		return patiently(ctx, on, "refresh materialized view "+view.SQL())
	}
}

// patiently runs a statement that waits for a lock, again and again: whoever comes after it waits no longer than one try.
func patiently(ctx context.Context, on *session.Session, statement string) error {
	return retried(ctx, func() error {
		_, err := on.Exec(ctx, statement)

		return err
	})
}

// atOnceObjects is how many large objects one transaction unlinks: each takes a lock, of which the server
// has some thousand.
const atOnceObjects = 500

func largeObjects(ctx context.Context, on *session.Session, found selection.Selection) error {
	for i, set := range found.Route.Sets {
		if !set.LargeObjects {
			continue
		}

		for unlinked := int64(1); unlinked > 0; {
			if err := on.QueryRow(ctx, found.LargeObjects(i), atOnceObjects).Scan(&unlinked); err != nil {
				return fmt.Errorf("unlinking large objects of %s: %w", set.Table, err)
			}
		}
	}

	return nil
}

// touched are the tables of which rows are changed, and the views over them, each once.
func touched(found selection.Selection, views []View) (names []liveschema.Name) {
	for _, job := range selection.Each(found.Jobs()) {
		if !slices.Contains(names, job.Table.Name) {
			names = append(names, job.Table.Name)
		}
	}

	for _, table := range found.Route.Kept {
		if len(keyed(table)) > 0 && !slices.Contains(names, table.Name) {
			names = append(names, table.Name)
		}
	}

	for _, view := range views {
		names = append(names, view.Name)
	}

	return names
}
