package content

import (
	"context"
	"fmt"
	"math/big"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"steward/internal/postgres"
)

// sums count lines and add up both halves of their hashes h.
const sums = `count(*), coalesce(sum(h::bit(64)::bigint), 0)::text, coalesce(sum((h << 64)::bit(64)::bigint), 0)::text`

// hashed is the MD5 of a line as bits. The line is hashed in UTF-8, since a copy
// need not have the encoding of its source.
const hashed = `('x' || md5(convert_to(line, 'UTF8')))::bit(128) as h`

// apart keeps the planner from merging a subquery into what is around it: merged,
// each line would be made and hashed once for each half of the sum. It costs
// nothing else, and parallel plans stay possible.
const apart = ` offset 0`

// digestOf wraps a query that gives one text column "line" so that it gives the
// number of lines and the sums of both halves of their MD5: the order of rows
// does not matter, and a row that is there twice counts twice.
func digestOf(lines string) string {
	return `select ` + sums + ` from (select ` + hashed + ` from (` + lines + `) as lines` + apart + `) as hashes`
}

func readDigest(ctx context.Context, q postgres.Queryer, lines string) (Digest, error) {
	digest, err := scanDigest(q.QueryRow(ctx, digestOf(lines)).Scan)
	if err != nil {
		return Digest{}, fmt.Errorf("hashing: %w", err)
	}

	return digest, nil
}

// scanDigest reads what sums gives, after the columns of before.
func scanDigest(scan func(...any) error, before ...any) (Digest, error) {
	var (
		digest    Digest
		high, low string
	)

	if err := scan(append(before, &digest.Rows, &high, &low)...); err != nil {
		return Digest{}, err
	}

	upper, err := half(high)
	if err != nil {
		return Digest{}, err
	}

	lower, err := half(low)
	if err != nil {
		return Digest{}, err
	}

	digest.Hash = upper + lower

	return digest, nil
}

// half reduces a sum of signed 64-bit numbers modulo 2^64, as 16 hex digits.
func half(sum string) (string, error) {
	const bits = 64

	number, ok := new(big.Int).SetString(sum, 10)
	if !ok {
		return "", fmt.Errorf("reading a sum of hashes: %w", errNotANumber)
	}

	number.Mod(number, new(big.Int).Lsh(big.NewInt(1), bits))

	return fmt.Sprintf("%016x", number), nil
}

func readTables(
	ctx context.Context, q postgres.Queryer, helpers []postgres.Queryer, into *Description, progress func(rows int64),
) error {
	rows, err := q.Query(ctx, tablesQuery)
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}

	into.Tables, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Table, error) {
		var table Table

		return table, row.Scan(&table.Schema, &table.Name)
	})
	if err != nil {
		return fmt.Errorf("listing tables: %w", err)
	}

	work := &hashing{tables: into.Tables, progress: progress}
	group, groupCtx := errgroup.WithContext(ctx)

	for _, helper := range helpers {
		group.Go(func() error {
			if err := pin(groupCtx, helper, nil); err != nil {
				return err
			}

			return work.join(groupCtx, helper)
		})
	}

	group.Go(func() error { return work.join(groupCtx, q) })

	return group.Wait() //nolint:wrapcheck // our own
}

// hashing is the work on all tables, which several transactions may share.
type hashing struct {
	tables   []Table // each is written by whoever took its place in the list
	progress func(rows int64)

	mu   sync.Mutex
	next int   // owned by mu; the first table that nobody has taken
	read int64 // owned by mu; rows so far
}

// take gives the next table, nil when all are taken.
func (h *hashing) take() *Table {
	h.mu.Lock()
	defer h.mu.Unlock()

	if h.next == len(h.tables) {
		return nil
	}

	h.next++

	return &h.tables[h.next-1]
}

// join hashes tables over one transaction until there is none left.
func (h *hashing) join(ctx context.Context, q postgres.Queryer) (err error) {
	for table := h.take(); table != nil; table = h.take() {
		name := pgx.Identifier{table.Schema, table.Name}.Sanitize()

		table.Digest, err = readDigest(ctx, q, "select (steward_row.*)::text as line from only "+name+" as steward_row")
		if err != nil {
			return fmt.Errorf("hashing table %s: %w", table.Key(), err)
		}

		h.done(table.Rows)
	}

	return nil
}

// done tells how far the work is, one table after the other.
func (h *hashing) done(rows int64) {
	h.mu.Lock()
	defer h.mu.Unlock()

	h.read += rows
	if h.progress != nil {
		h.progress(h.read)
	}
}

func readSequences(ctx context.Context, q postgres.Queryer, into *Description) error {
	rows, err := q.Query(ctx, sequencesQuery)
	if err != nil {
		return fmt.Errorf("listing sequences: %w", err)
	}

	sequences, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Sequence, error) {
		var sequence Sequence

		return sequence, row.Scan(&sequence.Schema, &sequence.Name)
	})
	if err != nil {
		return fmt.Errorf("listing sequences: %w", err)
	}

	for i := range sequences {
		sequence := pgx.Identifier{sequences[i].Schema, sequences[i].Name}.Sanitize()
		state := &sequences[i].Before

		if err := q.QueryRow(ctx, "select last_value, is_called from "+sequence).Scan(&state.Last, &state.Called); err != nil {
			return fmt.Errorf("reading sequence %s: %w", sequences[i].Key(), err)
		}

		sequences[i].After = *state
	}

	into.Sequences = sequences

	return nil
}

func readLargeObjects(ctx context.Context, q postgres.Queryer, into *Description) (err error) {
	into.LargeObjects, err = readDigest(ctx, q, largeObjectsQuery)

	return err
}

func readExtensions(ctx context.Context, q postgres.Queryer, into *Description) error {
	rows, err := q.Query(ctx, extensionsQuery)
	if err != nil {
		return fmt.Errorf("listing extensions: %w", err)
	}

	into.Extensions, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Extension])
	if err != nil {
		return fmt.Errorf("listing extensions: %w", err)
	}

	return nil
}

func readPrivileges(ctx context.Context, q postgres.Queryer, into *Description) error {
	rows, err := q.Query(ctx, privilegesQuery)
	if err != nil {
		return fmt.Errorf("listing privileges: %w", err)
	}

	into.Privileges, err = pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("listing privileges: %w", err)
	}

	return nil
}

// readSchema hashes the definitions of all kinds in one statement.
func readSchema(ctx context.Context, q postgres.Queryer, into *Description) error {
	kinds := definitionQueries()
	lines := make([]string, len(kinds))

	for i, kind := range kinds {
		lines[i] = "select '" + kind.name + "' as kind, line from (" + kind.lines + ") as k"
	}

	rows, err := q.Query(ctx, `select kind, `+sums+` from (select kind, `+hashed+` from (`+
		strings.Join(lines, " union all ")+`) as lines`+apart+`) as hashes group by kind`)
	if err != nil {
		return fmt.Errorf("hashing the definitions: %w", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Definition, error) {
		var definition Definition

		definition.Digest, err = scanDigest(row.Scan, &definition.Kind)

		return definition, err
	})
	if err != nil {
		return fmt.Errorf("hashing the definitions: %w", err)
	}

	into.Schema = found

	return nil
}
