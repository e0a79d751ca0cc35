package verify

import (
	"context"
	"fmt"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/pseudonym"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// Hashes tell a keyed hash from a text that looks like one. The keys are asked for when the first such text is met.
type Hashes struct {
	// Own gives the key of the erasure. Its error ends the look: without the key nothing is shown.
	Own func(ctx context.Context) ([]byte, error)
	// Others gives the keys of the other erasures that are there: two that are open at once may have one row in common, and
	// the later writes over what the first wrote. Nil for none.
	Others func(ctx context.Context) ([][]byte, error)

	keys     [][]byte // the own one first
	complete bool     // with those of others
}

// written says that one of the keys made a hash.
func (h *Hashes) written(ctx context.Context, around, text string) (bool, error) {
	if h.keys == nil {
		own, err := h.Own(ctx)
		if err != nil {
			return false, fmt.Errorf("asking for the key of keyed hashes: %w", err)
		}

		h.keys = [][]byte{own}
	}

	if made(h.keys, around, text) {
		return true, nil
	}

	if h.complete || h.Others == nil {
		return false, nil
	}

	others, err := h.Others(ctx)
	if err != nil {
		return false, fmt.Errorf("asking for the keys of other erasures: %w", err)
	}

	h.keys, h.complete = append(h.keys, others...), true

	return made(others, around, text), nil
}

func made(keys [][]byte, around, text string) bool {
	for _, key := range keys {
		if pseudonym.Written(key, around, text) {
			return true
		}
	}

	return false
}

// hashes looks at what has the form of a keyed hash in rows of a chunk that stay, one value at a time; what has not the form is counted
// by the server.
func (l Look) hashes(ctx context.Context, set route.Set, rows [][]string) (left []store.Remainder, err error) {
	live, _ := l.Schema.Table(set.Table)
	decided, _ := l.rows(set.Table)

	if l.goes(set.Table) || set.LargeObjects {
		return nil, nil
	}

	for _, column := range decided.Columns {
		of, found := live.Column(column.Name)
		if !found || of.Generated || column.Decision != datamap.Erase || column.Strategy != datamap.KeyedHash {
			continue
		}

		count, err := l.unmade(ctx, set, live, column, rows)
		if err != nil {
			return nil, err
		}

		if count > 0 {
			left = append(left, store.Remainder{Place: set.Table.String() + "." + column.Name, Rows: count, Why: NotErased})
		}
	}

	return left, nil
}

// unmade counts the values of a column that look like a keyed hash, and that no key made.
func (l Look) unmade(
	ctx context.Context, set route.Set, live liveschema.Table, column datamap.Column, keys [][]string,
) (count int64, err error) {
	name := "t." + liveschema.Quote(column.Name) + "::text"

	values, err := l.On.Query(ctx, "select "+name+" from "+table(live)+" where "+name+" ~ "+formOf(column)+" and "+
		l.among(set, live, set.Columns), turned(keys)...)
	if err != nil {
		return 0, fmt.Errorf("reading keyed hashes: %w", err)
	}
	defer values.Close()

	for values.Next() {
		var value string
		if err := values.Scan(&value); err != nil {
			return 0, fmt.Errorf("reading a keyed hash: %w", err)
		}

		made, err := l.Hashes.written(ctx, column.Value, value)
		if err != nil {
			return 0, err
		}

		if !made {
			count++
		}
	}

	if err := values.Err(); err != nil {
		return 0, fmt.Errorf("reading keyed hashes: %w", err)
	}

	return count, nil
}

// formOf is the form of the keyed hashes of a column as a literal.
func formOf(column datamap.Column) string {
	return "'^" + strings.Replace(regular(column.Value), datamap.HashMark, form, 1) + "$'"
}
