package task

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/page"
	"steward/internal/postgres"
)

// Filter says which tasks are wanted. Empty members want all.
type Filter struct {
	// Done wants those that are done, the newest first, instead of those that are
	// open, the most urgent first.
	Done    bool
	Kind    Kind
	Subject string
	Role    access.Role
	// After is where the page before ended: among open tasks by their due time, among
	// the others by the time when they were done.
	After page.Place
	// Limit is how many are wanted at most.
	Limit int
}

// Place is where the task stands.
func (t Task) Place() page.Place {
	if t.Open() {
		return page.Place{At: t.DueAt, ID: t.ID}
	}

	return page.Place{At: t.DoneAt, ID: t.ID}
}

// List gives a page of tasks.
func List(ctx context.Context, q postgres.Queryer, wanted Filter) ([]Task, error) {
	by, compare, order, state := "due_at", ">", "asc", "is null"
	if wanted.Done {
		by, compare, order, state = "done_at", "<", "desc", "is not null"
	}

	after, id := wanted.After.Behind()

	where := fmt.Sprintf(`where done_at %s
		and ($1 = '' or kind = $1) and ($2 = '' or subject = $2) and ($3 = '' or role = $3)
		and ($4::timestamptz is null or (%s, id) %s ($4, $5))
		order by %s %s, id %s limit $6`, state, by, compare, by, order, order)

	return list(ctx, q, where, string(wanted.Kind), wanted.Subject, string(wanted.Role), after, id, wanted.Limit)
}

// Standing is how the open tasks of one kind stand.
type Standing struct {
	Kind Kind
	// Open counts those that nobody has done, Overdue those of them that are late.
	Open, Overdue int64
	// NextDue is the earliest due time of those that are open; zero without any.
	NextDue time.Time
}

// Standings tell for every kind how its open tasks stand at asOf, in the order of
// the table, those without any too: silence must not look like a scrape that failed.
func Standings(ctx context.Context, q postgres.Queryer, asOf time.Time) ([]Standing, error) {
	rows, err := q.Query(ctx, `select kind, count(*), count(*) filter (where due_at < $1), min(due_at)
		from tasks where done_at is null group by kind`, asOf)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "counting tasks", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Standing, error) {
		var s Standing

		err := row.Scan(&s.Kind, &s.Open, &s.Overdue, &s.NextDue)
		s.NextDue = s.NextDue.UTC()

		return s, err
	})
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "counting tasks", err)
	}

	standings := make([]Standing, 0, len(Kinds()))

	for _, row := range Kinds() {
		standing := Standing{Kind: row.Kind}

		for _, s := range found {
			if s.Kind == row.Kind {
				standing = s
			}
		}

		standings = append(standings, standing)
	}

	return standings, nil
}
