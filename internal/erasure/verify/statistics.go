package verify

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// samples are what the server knows of columns by heart: values that are frequent, and those that
// divide the others into equal parts.
const samples = `select distinct s.schemaname, s.tablename, s.attname, v.value from pg_catalog.pg_stats as s
	join unnest($1::text[], $2::text[], $3::text[]) as asked (schema, name, columns)
		on asked.schema = s.schemaname and asked.name = s.tablename and (asked.columns is null or asked.columns = s.attname)
	cross join lateral unnest(s.most_common_vals::text::text[] || s.histogram_bounds::text::text[]
		|| s.most_common_elems::text::text[]) as v (value)
	where lower(v.value) = any (array(select lower(x) from unnest($4::text[]) as x)) or $5 and exists (
		select from unnest($4::text[]) as x where length(x) >= $6 and strpos(lower(v.value), lower(x)) > 0)
	order by 1, 2, 3, 4`

// shortestInside is the length below which an identity is not looked for inside of other values: a short one is found everywhere.
const shortestInside = 6

// statistics looks for the subject in the samples of the tables that were touched: of an account, its key in the columns that hold
// it; of a person, each identity anywhere.
func (l Look) statistics(ctx context.Context) (left []store.Remainder, err error) {
	var (
		schemas, names []string
		columns        []*string
		sought         []string
	)

	add := func(name liveschema.Name, column *string) {
		for _, leaf := range leaves(l.Schema, name) {
			schemas, names, columns = append(schemas, leaf.Schema), append(names, leaf.Table), append(columns, column)
		}
	}

	person := l.Subject.Kind == plan.Person
	if !person {
		sought = []string{l.Subject.Account}
	}

	for _, values := range l.Subject.Identities {
		sought = append(sought, values...)
	}

	for _, on := range l.Route.All() {
		if person {
			add(on.Name, nil)

			continue
		}

		for _, selector := range on.Selectors {
			if selector.Account != "" && l.goes(on.Name) {
				add(on.Name, &selector.Account)
			}
		}
	}

	rows, err := l.On.Query(ctx, samples, schemas, names, columns, sought, person, shortestInside)
	if err != nil {
		return nil, fmt.Errorf("looking into the statistics: %w", err)
	}

	hits, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sample])
	if err != nil {
		return nil, fmt.Errorf("looking into the statistics: %w", err)
	}

	for _, hit := range hits {
		alive, err := l.alive(ctx, hit)
		if err != nil {
			return nil, err
		}

		if !alive {
			left = append(left, store.Remainder{Place: hit.Schema + "." + hit.Table + "." + hit.Column, Rows: 1, Why: Statistics})
		}
	}

	return left, nil
}

// sample is a value that the server knows by heart.
type sample struct{ Schema, Table, Column, Value string }

// alive says that rows which are there hold the value: then it is theirs, such as that of the same person under another customer.
func (l Look) alive(ctx context.Context, of sample) (alive bool, err error) {
	column := "t." + liveschema.Quote(of.Column)
	name := liveschema.Name{Schema: of.Schema, Table: of.Table}

	err = l.On.QueryRow(ctx, "select exists (select from "+name.SQL()+" as t where "+column+"::text = $1 or pg_typeof("+column+
		")::text like '%[]' and strpos("+column+"::text, $1) > 0)", of.Value).Scan(&alive)
	if err != nil {
		return false, fmt.Errorf("comparing statistics of %s with its rows: %w", name, err)
	}

	return alive, nil
}

// leaves are a table and its partitions, each of which has samples of its own.
func leaves(schema liveschema.Schema, name liveschema.Name) []liveschema.Name {
	live, _ := schema.Table(name)

	return append([]liveschema.Name{name}, live.Partitions...)
}
