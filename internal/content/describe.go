package content

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Describe reads the description of the database on the other side of q, which
// must be one transaction with one snapshot. Its role must be able to read all
// rows. After each table, and each large part of one, it tells progress, if that
// is not nil, how many rows (before them, large objects) were read so far: a big
// database takes hours. It fails with Unavailable, or with
// QueryRefused where the server does not understand a statement.
func Describe(ctx context.Context, q postgres.Queryer, progress func(rows int64)) (Description, error) {
	return DescribeTogether(ctx, []postgres.Queryer{q}, nil, progress)
}

// DescribeTogether is Describe over several transactions that see one snapshot:
// the tables are shared out among them, everything else is read by the first. It
// pays where the server has nothing else to do; where it has only as many
// processors as are busy already, it costs as much as it gains. What ahead, if not
// nil, holds of the same database is not read again where it still holds.
func DescribeTogether(
	ctx context.Context, all []postgres.Queryer, ahead *Ahead, progress func(rows int64),
) (Description, error) {
	var described Description

	q := all[0]

	for _, step := range []struct {
		name string
		read func(context.Context, postgres.Queryer, *Description) error
	}{
		{"pinning the session", pin},
		{"reading the extensions", readExtensions},
		{"reading the sequences", readSequences},
		{"reading the privileges", readPrivileges},
		{"reading the definitions", readSchema},
		{"reading the large objects", func(ctx context.Context, q postgres.Queryer, into *Description) error {
			return readLargeObjects(ctx, q, into, progress)
		}},
		{"reading the tables", func(ctx context.Context, q postgres.Queryer, into *Description) error {
			return readTables(ctx, q, all[1:], ahead, into, progress)
		}},
	} {
		if err := step.read(ctx, q, &described); err != nil {
			return Description{}, failure.Wrap(codeOf(err), step.name, err)
		}
	}

	sortAll(&described)

	return described, nil
}

// Sequences reads only where the sequences stand now: the transaction's snapshot
// chooses which there are, not where they stand. It fails as Describe does.
func Sequences(ctx context.Context, q postgres.Queryer) ([]Sequence, error) {
	var described Description
	if err := readSequences(ctx, q, &described); err != nil {
		return nil, failure.Wrap(codeOf(err), "reading the sequences", err)
	}

	return described.Sequences, nil
}

// codeOf tells a server that does not understand a statement, which no second try
// mends, from one that could not serve it. That is class 42 of SQLSTATE, but for a
// table that was dropped meanwhile and for a right that is missing: somebody can
// grant it while the day is tried again.
func codeOf(err error) failure.Code {
	const (
		syntaxOrAccess        = "42"
		undefinedTable        = "42P01"
		insufficientPrivilege = "42501"
	)

	answer, ok := errors.AsType[*pgconn.PgError](err)
	if !ok || !strings.HasPrefix(answer.Code, syntaxOrAccess) || answer.Code == undefinedTable || answer.Code == insufficientPrivilege {
		return failure.Unavailable
	}

	return failure.QueryRefused
}

// pinned are the settings that shape how a value looks as text: both sides of
// a comparison must agree on them, whatever the server's defaults are.
func pinned() [][2]string {
	return [][2]string{
		{"datestyle", "ISO, YMD"},
		{"intervalstyle", "iso_8601"},
		{"timezone", "UTC"},
		{"extra_float_digits", "3"},
		{"bytea_output", "hex"},
		{"xmloption", "content"},
		{"lc_monetary", "C"},
		{"quote_all_identifiers", "off"},
		{"search_path", "pg_catalog"},
		{"row_security", "off"},
		{"statement_timeout", "0"},
		{"idle_in_transaction_session_timeout", "0"},
	}
}

// pinnedIfKnown takes off a limit that only PostgreSQL 17 and later have.
const pinnedIfKnown = "select set_config(name, '0', true) from pg_catalog.pg_settings where name = 'transaction_timeout'"

// pin sets them for the transaction, all of the first kind in one statement.
func pin(ctx context.Context, q postgres.Queryer, _ *Description) error {
	settings := pinned()
	calls := make([]string, len(settings))

	for i, setting := range settings {
		calls[i] = fmt.Sprintf("set_config('%s', '%s', true)", setting[0], setting[1])
	}

	if _, err := q.Exec(ctx, "select "+strings.Join(calls, ", ")); err != nil {
		return fmt.Errorf("pinning: %w", err)
	}

	if _, err := q.Exec(ctx, pinnedIfKnown); err != nil {
		return fmt.Errorf("pinning: %w", err)
	}

	return nil
}
