// Package verify looks for what an erasure left: rows with a frozen key, rows that name one, rows that are
// the subject's own by the account's column or an identity, keys that lead nowhere and did not before, and samples in
// the server's statistics. It shares no statement with what erased: keys travel as arrays of
// texts, and edges come from the schema's keys, not from the route's selectors.
package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/route"
	"steward/internal/erasure/session"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// Look is one look at a database after an erasure.
type Look struct {
	On      *session.Session
	Decided datamap.Database
	Schema  liveschema.Schema
	Route   route.Route
	Subject store.Subject
	Keys    freeze.Keys
	// Hashes are asked where the map wants keyed hashes.
	Hashes *Hashes
}

// The reasons of remainders.
const (
	FrozenKey  = "frozen key"
	NamesKey   = "names a frozen key"
	Own        = "the account's own"
	Identified = "identity"
	NotErased  = "column not overwritten"
	Orphan     = "orphan"
	Statistics = "statistics"
	// Renamed says that a table has not the columns any more whose values were frozen: nobody can look.
	Renamed = "frozen columns are gone"
)

// All looks everywhere. Errors are those of the statements, wrapped.
func (l Look) All(ctx context.Context) (left []store.Remainder, err error) {
	for _, look := range []func(context.Context) ([]store.Remainder, error){l.frozen, l.live, l.orphans, l.statistics} {
		more, err := look(ctx)
		if err != nil {
			return nil, err
		}

		left = append(left, more...)
	}

	return merged(left), nil
}

// merged adds up what several chunks of keys found in one place.
func merged(left []store.Remainder) (sum []store.Remainder) {
	for _, one := range left {
		at := slices.IndexFunc(sum, func(other store.Remainder) bool { return other.Place == one.Place && other.Why == one.Why })
		if at < 0 {
			sum = append(sum, one)
		} else {
			sum[at].Rows += one.Rows
		}
	}

	return sum
}

// check is one count, which must be nothing.
type check struct {
	place, why, sql string
}

// run counts all checks in one statement.
func (l Look) run(ctx context.Context, checks []check, args ...any) (left []store.Remainder, err error) {
	if len(checks) == 0 {
		return nil, nil
	}

	parts := make([]string, len(checks))
	for i, check := range checks {
		parts[i] = "(" + check.sql + ")"
	}

	var counts []int64
	if err := l.On.QueryRow(ctx, "select array["+strings.Join(parts, ", ")+"]::bigint[]", args...).Scan(&counts); err != nil {
		return nil, fmt.Errorf("looking for what is left: %w", err)
	}

	for i, count := range counts {
		if count > 0 {
			left = append(left, store.Remainder{Place: checks[i].place, Rows: count, Why: checks[i].why})
		}
	}

	return left, nil
}

// table is a table as a whole in a from clause, as t.
func table(live liveschema.Table) string {
	if live.Kind == liveschema.Partitioned {
		return live.Name.SQL() + " as t"
	}

	return "only " + live.Name.SQL() + " as t"
}

// rows says what the map wants of a table's rows.
func (l Look) rows(name liveschema.Name) (datamap.Table, datamap.Rows) {
	for _, decided := range l.Decided.Tables {
		if decided.Name != name || decided.NotPersonal != "" {
			continue
		}

		if l.Subject.Kind == plan.Person && decided.Person != nil {
			return decided, decided.Person.Rows
		}

		return decided, decided.Rows
	}

	return datamap.Table{}, ""
}
