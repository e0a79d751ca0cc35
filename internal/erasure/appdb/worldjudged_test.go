package appdb_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/postgres"
)

// rowsOf are the rows of all tables, each with all of its columns and the table, partition or heir in which it lies.
type rowsOf map[string]map[string]any

// count is how many rows were made.
func (w *world) count() (rows int) {
	for _, table := range w.tables {
		rows += len(table.data)
	}

	return rows
}

// dump reads them.
func (w *world) dump(ctx context.Context, db *postgres.DB) (rowsOf, error) {
	parts := make([]string, len(w.tables))

	for i, table := range w.tables {
		only := "only "
		if table.parts != "" {
			only = ""
		}

		parts[i] = fmt.Sprintf("select '%d ' || id, to_jsonb(t) || jsonb_build_object('lies in', tableoid::regclass) from %s%s as t", i, only, w.name(i).SQL())
	}

	rows, err := db.Query(ctx, strings.Join(parts, " union all "))
	if err != nil {
		return nil, err
	}

	type one struct {
		Place  string
		Values map[string]any
	}

	read, err := pgx.CollectRows(rows, pgx.RowToStructByPos[one])
	all := rowsOf{}

	for _, row := range read {
		if all[row.Place] != nil {
			return nil, fmt.Errorf("two rows %s", row.Place)
		}

		all[row.Place] = row.Values
	}

	return all, err
}

// after is what dump must give once a subject is erased, of what it gave before: rows that belong are gone or have their columns
// overwritten, keys that named what is gone are null, and everything else is as it was.
func (w *world) after(before rowsOf, kind plan.Subject, account int) rowsOf {
	belongs := w.belongs(kind, account)
	gone, after := map[int]bool{}, rowsOf{}

	for _, table := range w.tables {
		for _, row := range table.data {
			gone[row.id] = belongs[row.id] && table.action(kind) == datamap.Delete
		}
	}

	for i, table := range w.tables {
		for _, row := range table.data {
			place := fmt.Sprintf("%d %s", i, w.keyText(i, row.id))
			if gone[row.id] || before[place] == nil {
				continue
			}

			after[place] = maps.Clone(before[place])

			for k, named := range row.names {
				if gone[named] {
					after[place][table.keys[k].column] = nil
				}
			}

			if belongs[row.id] {
				table.overwrite(after[place])
			}
		}
	}

	return after
}

// overwrite is what becomes of the columns of a row that stays.
func (t *wtable) overwrite(row map[string]any) {
	for _, column := range t.columns {
		if !column.computed() {
			row[column.name] = t.becomes(column, row[column.name])

			continue
		}

		// From the words, of which nothing is written in JSON that is not written here.
		switch words := row["words"].(type) {
		case string:
			row[column.name] = strings.ToUpper(words)
		case map[string]any:
			if words["gone"] != nil {
				row[column.name] = `{"GONE": [TRUE]}`
			}
		default:
			row[column.name] = nil
		}
	}
}

func (t *wtable) action(kind plan.Subject) datamap.Rows {
	if kind == plan.Person && t.person != "" {
		return t.person
	}

	return t.rows
}

// belongs works out whose rows are whose, by going round until nothing changes.
func (w *world) belongs(kind plan.Subject, account int) map[int]bool {
	belongs := map[int]bool{}
	under := w.under(account)

	for i, table := range w.tables {
		for _, row := range table.data {
			seed := kind == plan.Account && i == 0 && row.id == account
			if kind == plan.Person && table.person != "" && strings.EqualFold(row.words, identity) {
				seed = account == 0 && table.role == datamap.Controller || account != 0 && under[row.id]
			}

			belongs[row.id] = seed
		}
	}

	for grown := true; grown; {
		grown = false

		for _, table := range w.tables {
			for _, row := range table.data {
				for k, named := range row.names {
					if (k == table.path || slices.Contains(table.follows, k)) && belongs[named] && !belongs[row.id] {
						belongs[row.id], grown = true, true
					}
				}
			}
		}
	}

	return belongs
}

// under are the rows whose path leads to an account.
func (w *world) under(account int) map[int]bool {
	under := map[int]bool{account: true}

	for _, table := range w.tables { // parents come first
		for _, row := range table.data {
			if table.path >= 0 && under[row.names[table.path]] {
				under[row.id] = true
			}
		}
	}

	return under
}
