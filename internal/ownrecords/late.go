package ownrecords

import (
	"context"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Grace is for how long a row may be past its end: it goes with the next hour's pass,
// and one more is left for a pass that a restart delayed.
const Grace = 2 * time.Hour

// Late tells of one table how long rows of it have been past their end.
type Late struct {
	// Table is its name.
	Table string
	// Since is the end of the row that is past it the longest; zero where none is.
	Since time.Time
}

// For is how long that is at asOf; zero where no row is past its end.
func (l Late) For(asOf time.Time) time.Duration {
	if l.Since.IsZero() {
		return 0
	}

	return max(asOf.Sub(l.Since), 0)
}

// Oldest tells of every table, in the order of Tables, how long rows of it have been
// past their end at asOf, of those without any too. It looks at one end of each index.
func Oldest(ctx context.Context, q postgres.Queryer, asOf time.Time) ([]Late, error) {
	tables := Tables()
	looks := make([]string, 0, len(tables))

	for _, table := range tables {
		looks = append(looks, `(select min(ends_at) from `+table.Name+table.where()+`)`)
	}

	var ends []*time.Time
	if err := q.QueryRow(ctx, `select array[`+strings.Join(looks, ", ")+`]`, asOf).Scan(&ends); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for rows past their end", err)
	}

	found := make([]Late, 0, len(tables))

	for i, table := range tables {
		late := Late{Table: table.Name}
		if ends[i] != nil {
			late.Since = ends[i].UTC()
		}

		found = append(found, late)
	}

	return found, nil
}
