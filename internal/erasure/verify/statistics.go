package verify

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// shortestInside is the length below which an identity is not looked for inside of other values: a short one is found everywhere.
const shortestInside = 6

// sample is a value that the server knows by heart of a table: of its own rows, or of those of its heirs too.
type sample struct {
	Schema, Table     string
	Inherited         bool
	Place             string
	Expression, Value string
}

// from reads the rows that the sample was taken of.
func (s sample) from() string {
	name := liveschema.Name{Schema: s.Schema, Table: s.Table}.SQL() + " as t"
	if s.Inherited {
		return name
	}

	return "only " + name
}

// statistics looks for the subject in the samples of the tables that were touched: of an account, its key in the columns that hold
// it; of a person, each identity anywhere. What is known of a table without rows, and was not before, was known of rows that went.
func (l Look) statistics(ctx context.Context) (left []store.Remainder, err error) {
	left, err = l.emptied(ctx)
	if err != nil {
		return nil, err
	}

	oids, columns, values := l.sampled()

	hits, err := l.samples(ctx, sought, oids, columns, values, l.Subject.Kind == plan.Person, shortestInside)
	if err != nil {
		return nil, err
	}

	for _, hit := range hits {
		alive, err := l.alive(ctx, hit)
		if err != nil {
			return nil, err
		}

		if !alive {
			left = append(left, store.Remainder{Place: hit.Place, Rows: 1, Why: Statistics})
		}
	}

	return once(left), nil
}

// once keeps one remainder of each place: how many values are known there says nothing.
func once(left []store.Remainder) (kept []store.Remainder) {
	seen := map[string]bool{}

	for _, one := range left {
		if !seen[one.Place] {
			seen[one.Place] = true
			kept = append(kept, one)
		}
	}

	return kept
}

// sampled are the tables in whose samples the subject is looked for, the column of each, nil for all, and the values.
func (l Look) sampled() (oids []uint32, columns []*string, values []string) {
	if l.Subject.Kind == plan.Person {
		for _, identities := range l.Subject.Identities {
			values = append(values, identities...)
		}

		oids = l.touched()

		return oids, make([]*string, len(oids)), values
	}

	for _, on := range l.Route.All() {
		for _, selector := range on.Selectors {
			if selector.Account != "" && l.goes(on.Name) {
				oids, columns = append(oids, on.Live.OID), append(columns, &selector.Account)
			}
		}
	}

	return oids, columns, []string{l.Subject.Account}
}

// touched are the tables of which an erasure may have changed rows, and the views.
func (l Look) touched() (oids []uint32) {
	for _, on := range l.Route.All() {
		oids = append(oids, on.Live.OID)

		for _, unlink := range on.Unlinks {
			if live, found := l.Schema.Table(unlink.Key.From); found {
				oids = append(oids, live.OID)
			}
		}
	}

	for _, name := range l.Route.Views {
		if live, found := l.Schema.Table(name); found {
			oids = append(oids, live.OID)
		}
	}

	return oids
}

// samples asks the server what it knows.
func (l Look) samples(ctx context.Context, query string, args ...any) ([]sample, error) {
	rows, err := l.On.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("looking into the statistics: %w", err)
	}

	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sample])
	if err != nil {
		return nil, fmt.Errorf("looking into the statistics: %w", err)
	}

	return found, nil
}

// alive says that rows which are there hold the value: then it is theirs, such as that of the same person under another customer.
func (l Look) alive(ctx context.Context, of sample) (alive bool, err error) {
	if live, _ := l.Schema.Table(liveschema.Name{Schema: of.Schema, Table: of.Table}); live.Unpopulated {
		return false, nil
	}

	value := "(" + of.Expression + ")"

	err = l.On.QueryRow(ctx, "select exists (select from "+of.from()+" where "+value+"::text = $1 or pg_typeof("+value+
		")::text like '%[]' and strpos("+value+"::text, $1) > 0)", of.Value).Scan(&alive)
	if err != nil {
		return false, fmt.Errorf("comparing statistics of %s with its rows: %w", of.Place, err)
	}

	return alive, nil
}
