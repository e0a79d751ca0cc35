package replay

import (
	"context"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/postgres"
)

// Finder finds the identities of a person in restored data: values whose HMACs a record has.
type Finder interface {
	// Find gives, of each type, the values that fit. It reads each value of the columns in which persons are found.
	Find(ctx context.Context, fits func(kind, value string) bool) (map[string][]string, error)
}

// Columns finds persons in the columns that a data map matches them by.
type Columns struct {
	// DB is the restored database, with the rights of the login that erases.
	DB postgres.Queryer
	// Decided is what the data map says about it.
	Decided datamap.Database
}

// Find implements Finder. A table of the map that the restored database has not yet, or has no more, is passed over: the
// store says whether the two fit each other.
func (c Columns) Find(ctx context.Context, fits func(kind, value string) bool) (map[string][]string, error) {
	found := map[string][]string{}

	schema, err := liveschema.Read(ctx, c.DB, c.Decided.Name)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the schema of "+c.Decided.Name, err)
	}

	for _, table := range c.Decided.Tables {
		live, there := schema.Table(table.Name)
		if table.Person == nil || !there {
			continue
		}

		for _, match := range table.Person.Matches {
			column, there := live.Column(match.Column)
			if !there {
				continue
			}

			kind := string(match.Identity)

			values, err := c.values(ctx, valuesOf(table.Name, column, match), kind, fits)
			if err != nil {
				return nil, err
			}

			for _, value := range values {
				if !slices.Contains(found[kind], value) {
					found[kind] = append(found[kind], value)
				}
			}
		}
	}

	return found, nil
}

// values are those of one column that fit. Most do not, and are not kept.
func (c Columns) values(ctx context.Context, sql, kind string, fits func(kind, value string) bool) (found []string, err error) {
	rows, err := c.DB.Query(ctx, sql)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for a person in restored data", err)
	}
	defer rows.Close()

	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			return nil, failure.Wrap(failure.Unavailable, "reading a value of restored data", err)
		}

		if fits(kind, value) {
			found = append(found, value)
		}
	}

	return found, failure.Wrap(failure.Unavailable, "looking for a person in restored data", rows.Err())
}

// arrayCategory is how pg_type calls arrays.
const arrayCategory = "A"

// valuesOf are all values of a column, or of a path in it, each once.
func valuesOf(table liveschema.Name, column liveschema.Column, match datamap.Match) string {
	from, quoted := " from "+table.SQL()+" as t", "t."+liveschema.Quote(match.Column)

	switch {
	case match.JSON != "":
		return "select distinct v.v #>> '{}'" + from + ", jsonb_path_query(" + column.JSONB(quoted) + ", '" +
			strings.ReplaceAll(match.Path(), "'", "''") + "'::jsonpath, '{}', true) as v (v) where v.v #>> '{}' is not null"
	case column.Category == arrayCategory:
		return "select distinct v.v::text" + from + ", unnest(" + quoted + ") as v (v) where v.v is not null"
	default:
		return "select distinct " + quoted + "::text" + from + " where " + quoted + " is not null"
	}
}
