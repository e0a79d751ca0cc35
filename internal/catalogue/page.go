package catalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Place is where a backup stands in the list by day, the newest first. Its zero value
// stands before all.
type Place struct {
	Day      string `json:"day"` // as 2006-01-02; empty before all
	Database string `json:"database"`
}

// Place is where this backup stands.
func (b Backup) Place() Place { return Place{Day: b.Day, Database: b.Database} }

// lastDay is after every business day: the list begins before it.
const lastDay = "9999-12-31"

// Page gives at most limit backups, pruned ones among them, that stand after the place.
// It fails with CursorInvalid for a place that is no day, and with Unavailable.
func Page(ctx context.Context, q postgres.Queryer, after Place, limit int) ([]Backup, error) {
	if after.Day == "" {
		after.Day = lastDay
	}

	if !isDay(after.Day) {
		return nil, failure.New(failure.CursorInvalid, "reading the place in the list of backups")
	}

	const op = "reading a page of the catalogue"

	rows, err := q.Query(ctx, `select `+columns+` from backups
		where day < $1::date or (day = $1::date and database > $2) order by day desc, database limit $3`,
		after.Day, after.Database, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, op, err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, op, err)
}

// isDay reports whether PostgreSQL takes the text for a day too: it knows no year zero.
func isDay(text string) bool {
	day, err := time.Parse(time.DateOnly, text)

	return err == nil && day.Year() > 0
}
