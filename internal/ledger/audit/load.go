package audit

import (
	"context"
	"iter"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ledger"
)

const (
	selectEntries = `SELECT position, id, kind, at, body, leaf_hash FROM ledger.entries
		WHERE position > $1 ORDER BY position LIMIT $2`

	selectNodes = `SELECT idx, hash FROM ledger.hashes WHERE idx > $1 ORDER BY idx LIMIT $2`

	selectSegments = `SELECT from_position, to_position, root, sha256, checkpoint FROM ledger.segments
		WHERE from_position > $1 ORDER BY from_position LIMIT $2`

	selectUnsealed = `SELECT count(*), min(at) FROM ledger.entries WHERE position IS NULL`
)

// page is how many rows are read at once: enough to be fast, small enough to
// stay in memory.
const page = 2000

// OpenDatabase gives the database's copy. For one consistent picture q is a
// transaction that sees one snapshot; it must outlive the verification. It
// reads page by page, so that one statement follows the other on one connection.
func OpenDatabase(ctx context.Context, q ledger.Queryer) (Copy, error) {
	head, err := ledger.ReadHead(ctx, q)
	if err != nil {
		return Copy{}, err
	}

	copied := Copy{
		Head:     head,
		Entries:  pages(ctx, q, selectEntries, scanRow, func(r Row) int64 { return r.Position }),
		Hashes:   pages(ctx, q, selectNodes, scanNode, func(n Node) int64 { return n.Index }),
		Segments: pages(ctx, q, selectSegments, scanSegment, func(s SegmentRow) int64 { return s.From }),
	}

	var oldest *time.Time

	err = q.QueryRow(ctx, selectUnsealed).Scan(&copied.Unsealed, &oldest)
	if oldest != nil {
		copied.OldestUnsealed = oldest.UTC()
	}

	return copied, failure.Wrap(failure.Unavailable, "counting unsealed ledger entries", err)
}

// pages reads a table in the order of a number, from -1 on.
func pages[T any](
	ctx context.Context, q ledger.Queryer, sql string, scan pgx.RowToFunc[T], number func(T) int64,
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T

		for after, more := int64(-1), true; more; {
			rows, err := q.Query(ctx, sql, after, page)
			if err != nil {
				yield(none, failure.Wrap(failure.Unavailable, "reading the ledger", err))

				return
			}

			items, err := pgx.CollectRows(rows, scan)
			if err != nil {
				yield(none, failure.Wrap(failure.Unavailable, "reading the ledger", err))

				return
			}

			for _, item := range items {
				if after = number(item); !yield(item, nil) {
					return
				}
			}

			more = len(items) == page
		}
	}
}

func scanRow(row pgx.CollectableRow) (Row, error) {
	var (
		out  Row
		body string
		hash []byte
	)

	err := row.Scan(&out.Position, &out.Entry.ID, &out.Entry.Kind, &out.Entry.At, &body, &hash)
	out.Entry.At, out.Entry.Body = out.Entry.At.UTC(), []byte(body)
	copy(out.LeafHash[:], hash)

	return out, err
}

func scanNode(row pgx.CollectableRow) (Node, error) {
	var (
		out  Node
		hash []byte
	)

	err := row.Scan(&out.Index, &hash)
	copy(out.Hash[:], hash)

	return out, err
}

func scanSegment(row pgx.CollectableRow) (SegmentRow, error) {
	var (
		out       SegmentRow
		root, sum []byte
	)

	err := row.Scan(&out.From, &out.To, &root, &sum, &out.Checkpoint)
	copy(out.Root[:], root)
	copy(out.SHA256[:], sum)

	return out, err
}

// OpenMirror gives the mirror's copy. Its objects are fetched one by one while
// the verification goes on.
func OpenMirror(ctx context.Context, mirror ledger.Mirror) (Mirror, error) {
	out := Mirror{
		Segments:    objects(ctx, mirror, ledger.SegmentPrefix),
		Checkpoints: objects(ctx, mirror, ledger.CheckpointPrefix),
	}

	for object, err := range objects(ctx, mirror, ledger.StagingPrefix) {
		if err != nil {
			return Mirror{}, err
		}

		out.Staged = append(out.Staged, object)
	}

	latest, _, err := mirror.Get(ctx, ledger.LatestName)
	if failure.Is(err, failure.ObjectNotFound) {
		return out, nil
	}

	out.Latest = latest

	return out, failure.Wrap(failure.Unavailable, "reading the ledger's mirror", err)
}

func objects(ctx context.Context, mirror ledger.Mirror, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for name, err := range mirror.List(ctx, prefix, "") {
			if err != nil {
				yield(Object{}, failure.Wrap(failure.Unavailable, "listing the ledger's mirror", err))

				return
			}

			data, _, err := mirror.Get(ctx, name)
			if err != nil {
				yield(Object{}, failure.Wrap(failure.Unavailable, "reading the ledger's mirror", err))

				return
			}

			if !yield(Object{Name: name, Data: data}, nil) {
				return
			}
		}
	}
}
