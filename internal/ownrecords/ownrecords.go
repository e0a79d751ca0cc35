// Package ownrecords ends Steward's own dated records: every row that has an end date
// goes once that has passed. Which tables those are stands in one list; a test compares
// it with the database, so that no table with end dates is forgotten.
package ownrecords

import (
	"context"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Table is one table whose rows have an end date in the column ends_at.
type Table struct {
	// Name is its name in the steward database.
	Name string
	// And is a condition beside the end date, empty where the date is enough: a row
	// that still waits for somebody is no old record.
	And string
}

// Tables are all tables with end dates, those first whose rows others refer to last.
func Tables() []Table {
	return []Table{
		{Name: "idempotency_keys"},
		{Name: "access_log"},
		{Name: "staff_tokens"},
		{Name: "api_keys"},
		// What an open erasure was asked for by is read back until its tombstone.
		{
			Name: "tasks",
			And:  "done_at is not null and not exists (select from erasures as e where e.cause = tasks.id and e.ended_at is null)",
		},
		{Name: "mail_events"},
		{Name: "mail"},
		{Name: "webhook_deliveries"},
		{Name: "webhook_events"},
		{Name: "case_keys"},
		{Name: "erasures", And: "ended_at is not null"},
		{Name: "holds", And: "released_at is not null"},
	}
}

// Removed tells how many rows of one table went.
type Removed struct {
	// Table is its name.
	Table string
	// Rows are those that went now.
	Rows int64
}

// batch is how many rows one statement removes: some milliseconds, and few locks.
const batch = 1000

// Expire removes every row whose end date has come, table by table, in batches that
// are each a transaction of their own: a crash leaves what was removed removed, and
// the next call goes on. A row that is changed meanwhile leaves its batch short, which
// is not the end of the table: only a batch of nothing is. It tells the tables from which
// something went, those of before an error too.
func Expire(ctx context.Context, q postgres.Queryer, asOf time.Time, progress func(rows int64)) ([]Removed, error) {
	var (
		all   []Removed
		total int64
	)

	for _, table := range Tables() {
		removed := Removed{Table: table.Name}

		for {
			rows, err := q.Exec(ctx, table.statement(), asOf, batch)
			if err != nil {
				return all, failure.Wrap(failure.Unavailable, "ending old rows of "+table.Name, err)
			}

			removed.Rows += rows
			total += rows
			progress(total)

			if rows == 0 {
				break
			}
		}

		if removed.Rows > 0 {
			all = append(all, removed)
		}
	}

	return all, nil
}

// Overdue counts the rows that should have gone by the given instant and are still
// there: the proof of Expire.
func Overdue(ctx context.Context, q postgres.Queryer, asOf time.Time) (rows int64, err error) {
	for _, table := range Tables() {
		var found int64
		if err := q.QueryRow(ctx, `select count(*) from `+table.Name+table.where(), asOf).Scan(&found); err != nil {
			return 0, failure.Wrap(failure.Unavailable, "counting old rows of "+table.Name, err)
		}

		rows += found
	}

	return rows, nil
}

// statement removes one batch. Rows are chosen by their place, so that each batch is
// one short scan of the index on ends_at; one that was changed meanwhile is not removed.
// No row is locked first: that would take the right to change it.
func (t Table) statement() string {
	return `delete from ` + t.Name + t.where() + ` and ctid = any (array(select ctid from ` + t.Name + t.where() + ` limit $2))`
}

func (t Table) where() string {
	conditions := []string{"ends_at <= $1"}
	if t.And != "" {
		conditions = append(conditions, "("+t.And+")")
	}

	return " where " + strings.Join(conditions, " and ")
}
