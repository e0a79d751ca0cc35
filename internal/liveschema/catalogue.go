package liveschema

import (
	"context"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// catalogue gathers what the statements find, by the tables' numbers.
type catalogue struct {
	tables map[uint32]*Table
	// roots leads from the number of a partition to that of the table that it is a part of, and from
	// a table's to itself.
	roots map[uint32]uint32
}

func newCatalogue() *catalogue {
	return &catalogue{tables: map[uint32]*Table{}, roots: map[uint32]uint32{}}
}

// table finds the table that a number belongs to, or that its partition is a part of; nil
// where it is none of ours.
func (c *catalogue) table(oid uint32) *Table {
	root, ok := c.roots[oid]
	if !ok {
		return nil
	}

	return c.tables[root]
}

// sorted gives the tables in the order of their names.
func (c *catalogue) sorted() []Table {
	tables := make([]Table, 0, len(c.tables))
	for _, table := range c.tables {
		tables = append(tables, *table)
	}

	slices.SortFunc(tables, func(a, b Table) int { return a.Name.Compare(b.Name) })

	return tables
}

// Compare orders names by schema and table.
func (n Name) Compare(other Name) int {
	if order := strings.Compare(n.Schema, other.Schema); order != 0 {
		return order
	}

	return strings.Compare(n.Table, other.Table)
}

// each runs a statement and gives every row to use.
func each(ctx context.Context, q postgres.Queryer, sql string, use func(pgx.Rows) error) error {
	rows, err := q.Query(ctx, sql)
	if err != nil {
		return err
	}
	defer rows.Close()

	for rows.Next() {
		if err := use(rows); err != nil {
			return err
		}
	}

	return rows.Err() //nolint:wrapcheck // Read says what was read
}
