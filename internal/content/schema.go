package content

import (
	"context"
	"crypto/md5" //nolint:gosec // it guards against loss and error, as the hashes of rows do
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/content/deparsed"
	"steward/internal/postgres"
)

// readSchema hashes the definitions of all kinds, which come in one statement, one
// by one: only a hash for each kind is kept.
func readSchema(ctx context.Context, q postgres.Queryer, into *Description) error {
	rows, err := q.Query(ctx, schemaQuery()) //nolint:rowserrcheck // ForEachRow does
	if err != nil {
		return fmt.Errorf("hashing the definitions: %w", err)
	}

	var (
		kind       string
		line, expr []byte
		hashes     = map[string]*total{}
	)

	_, err = pgx.ForEachRow(rows, []any{&kind, &line, &expr}, func() error {
		if hashes[kind] == nil {
			hashes[kind] = &total{}
		}

		hashes[kind].add(string(line) + "|" + deparsed.Normal(string(expr)))

		return nil
	})
	if err != nil {
		return fmt.Errorf("hashing the definitions: %w", err)
	}

	for kind, hash := range hashes {
		into.Schema = append(into.Schema, Definition{Kind: kind, Digest: hash.digest()})
	}

	return nil
}

// schemaQuery gives kind, line and expr of every definition. Both texts come in
// UTF-8, since a copy need not have the encoding of its source.
func schemaQuery() string {
	kinds := definitionQueries()
	lines := make([]string, len(kinds))

	for i, kind := range kinds {
		lines[i] = "select '" + kind.name + "' as kind, line::text, expr::text from (" + kind.lines + ") as k"
	}

	return `select kind, convert_to(coalesce(line, ''), 'UTF8'), convert_to(coalesce(expr, ''), 'UTF8') from (` +
		strings.Join(lines, " union all ") + `) as lines`
}

// total sums the hashes of lines as digestOf does for rows: both halves modulo
// 2^64, so that their order does not matter.
type total struct {
	lines     int64
	high, low uint64
}

func (t *total) add(line string) {
	const half = md5.Size / 2

	sum := md5.Sum([]byte(line)) //nolint:gosec // see the import
	t.lines++
	t.high += binary.BigEndian.Uint64(sum[:half])
	t.low += binary.BigEndian.Uint64(sum[half:])
}

func (t *total) digest() Digest {
	return Digest{Rows: t.lines, Hash: fmt.Sprintf("%016x%016x", t.high, t.low)}
}
