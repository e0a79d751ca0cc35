package content

import (
	"context"
	"fmt"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Describe reads the description of the database on the other side of q, which
// must be one transaction with one snapshot. Its role must be able to read all
// rows. It fails with Unavailable.
func Describe(ctx context.Context, q postgres.Queryer) (Description, error) {
	var described Description

	for _, step := range []struct {
		name string
		read func(context.Context, postgres.Queryer, *Description) error
	}{
		{"pinning the session", pin},
		{"reading the extensions", readExtensions},
		{"reading the sequences", readSequences},
		{"reading the privileges", readPrivileges},
		{"reading the definitions", readSchema},
		{"reading the large objects", readLargeObjects},
		{"reading the tables", readTables},
	} {
		if err := step.read(ctx, q, &described); err != nil {
			return Description{}, failure.Wrap(failure.Unavailable, step.name, err)
		}
	}

	sortAll(&described)

	return described, nil
}

// Sequences reads only where the sequences stand now: the transaction's snapshot
// chooses which there are, not where they stand. It fails with Unavailable.
func Sequences(ctx context.Context, q postgres.Queryer) ([]Sequence, error) {
	var described Description
	if err := readSequences(ctx, q, &described); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the sequences", err)
	}

	return described.Sequences, nil
}

// pinned are the settings that shape how a value looks as text: both sides of
// a comparison must agree on them, whatever the server's defaults are.
func pinned() []string {
	return []string{
		"set local datestyle = 'ISO, YMD'", "set local intervalstyle = 'iso_8601'", "set local timezone = 'UTC'",
		"set local extra_float_digits = 3", "set local bytea_output = 'hex'", "set local xmloption = 'content'",
		"set local lc_monetary = 'C'", "set local quote_all_identifiers = off", "set local search_path = pg_catalog",
		"set local row_security = off",
		"set local statement_timeout = 0", "set local idle_in_transaction_session_timeout = 0",
	}
}

func pin(ctx context.Context, q postgres.Queryer, _ *Description) error {
	for _, setting := range pinned() {
		if _, err := q.Exec(ctx, setting); err != nil {
			return fmt.Errorf("%s: %w", setting, err)
		}
	}

	return nil
}
