package content

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// atOnce is about how many bytes of a table one statement hashes, out-of-line
// values included. Whoever waits sees no progress meanwhile, and gives up after
// half an hour: a statement that hashes ten megabytes a second is done by then. A
// table that is not larger keeps its parallel plan.
const atOnce = 16 << 30

// sized is a table with what one look at its files says.
type sized struct {
	Table

	oid    int64 // of the table itself, whatever it is called
	bytes  int64 // of its rows, out-of-line values included
	blocks int64 // of its own file
	utf8   bool  // whether its text is in UTF-8 as it is
}

// quoted is the table's name in a statement.
func (s sized) quoted() string { return pgx.Identifier{s.Schema, s.Name}.Sanitize() }

// listTables runs tablesQuery, or one that adds a condition.
func listTables(ctx context.Context, q postgres.Queryer, query string, args ...any) ([]sized, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}

	tables, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (sized, error) {
		var table sized

		return table, row.Scan(&table.oid, &table.Schema, &table.Name, &table.bytes, &table.blocks, &table.utf8)
	})
	if err != nil {
		return nil, fmt.Errorf("listing tables: %w", err)
	}

	return tables, nil
}

func readTables(
	ctx context.Context, q postgres.Queryer, helpers []postgres.Queryer, ahead *Ahead, into *Description, progress func(rows int64),
) error {
	tables, err := listTables(ctx, q, tablesQuery)
	if err != nil {
		return err
	}

	if err := hashTogether(ctx, q, helpers, &hashing{tables: tables, ahead: ahead, progress: progress}); err != nil {
		return err
	}

	for _, table := range tables {
		into.Tables = append(into.Tables, table.Table)
	}

	return nil
}

// read hashes the table part by part, and tells after each how many rows it has read.
func (s sized) read(ctx context.Context, q postgres.Queryer, atOnce int64, tell func(rows int64)) (Digest, error) {
	all := nothing()

	// Text that is in UTF-8 already need not be made so.
	digestOf := digestOf
	if s.utf8 {
		digestOf = digestOfUTF8
	}

	for _, part := range s.parts(atOnce) {
		digest, err := readDigest(ctx, q, digestOf("select (steward_row.*)::text as line from only "+s.quoted()+" as steward_row"+part))
		if err != nil {
			return Digest{}, err
		}

		if all, err = all.plus(digest); err != nil {
			return Digest{}, err
		}

		tell(all.Rows)
	}

	return all, nil
}

// parts are the conditions that cut the table into pieces of about so many bytes:
// ranges of its blocks, without an end where it may have grown. A table that is
// not larger is one piece without a condition.
func (s sized) parts(atOnce int64) []string {
	count := min((s.bytes+atOnce-1)/atOnce, s.blocks)
	if count <= 1 {
		return []string{""}
	}

	parts := make([]string, count)

	for i := range count {
		parts[i] = fmt.Sprintf(" where steward_row.ctid >= '(%d,0)'::tid", s.blocks*i/count)
		if i+1 < count {
			parts[i] += fmt.Sprintf(" and steward_row.ctid < '(%d,0)'::tid", s.blocks*(i+1)/count)
		}
	}

	return parts
}

// readLargeObjects hashes them some at a time.
func readLargeObjects(ctx context.Context, q postgres.Queryer, into *Description, progress func(objects int64)) error {
	into.LargeObjects = nothing()

	var after int64

	for {
		var last *int64
		if err := q.QueryRow(ctx, someObjects, after).Scan(&last); err != nil {
			return fmt.Errorf("listing large objects: %w", err)
		}

		if last == nil {
			return nil
		}

		digest, err := readDigest(ctx, q, digestOf(fmt.Sprintf(largeObjectsQuery, after, *last)))
		if err != nil {
			return err
		}

		if into.LargeObjects, err = into.LargeObjects.plus(digest); err != nil {
			return err
		}

		after = *last

		if progress != nil {
			progress(into.LargeObjects.Rows)
		}
	}
}
