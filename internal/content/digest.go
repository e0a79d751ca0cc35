package content

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// sums count lines and add up both halves of their hashes h.
const sums = `count(*), coalesce(sum(h::bit(64)::bigint), 0)::text, coalesce(sum((h << 64)::bit(64)::bigint), 0)::text`

// hashed is the MD5 of a line as bits. The line is hashed in UTF-8, since a copy
// need not have the encoding of its source.
const hashed = `('x' || md5(convert_to(line, 'UTF8')))::bit(128) as h`

// hashedUTF8 is the same where the database is in UTF-8, without a copy.
const hashedUTF8 = `('x' || md5(line))::bit(128) as h`

// apart keeps the planner from merging a subquery into what is around it: merged,
// each line would be made and hashed once for each half of the sum. It costs
// nothing else, and parallel plans stay possible.
const apart = ` offset 0`

// digestOf wraps a query that gives one text column "line" so that it gives the
// number of lines and the sums of both halves of their MD5: the order of rows
// does not matter, and a row that is there twice counts twice.
func digestOf(lines string) string { return digestBy(hashed, lines) }

// digestOfUTF8 is digestOf in a database whose encoding is UTF-8.
func digestOfUTF8(lines string) string { return digestBy(hashedUTF8, lines) }

func digestBy(hash, lines string) string {
	return `select ` + sums + ` from (select ` + hash + ` from (` + lines + `) as lines` + apart + `) as hashes`
}

// readDigest runs what digestOf gives.
func readDigest(ctx context.Context, q postgres.Queryer, query string) (Digest, error) {
	digest, err := scanDigest(q.QueryRow(ctx, query).Scan)
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

// plus adds the rows of two parts of one table.
func (d Digest) plus(other Digest) (Digest, error) {
	sum := Digest{Rows: d.Rows + other.Rows}

	for at := 0; at < hashDigits; at += halfDigits {
		a, errA := strconv.ParseUint(d.Hash[at:at+halfDigits], 16, 64)
		b, errB := strconv.ParseUint(other.Hash[at:at+halfDigits], 16, 64)

		if err := errors.Join(errA, errB); err != nil {
			return Digest{}, fmt.Errorf("adding hashes: %w", err)
		}

		sum.Hash += fmt.Sprintf("%016x", a+b)
	}

	return sum, nil
}

// hashDigits is the length of a hash in hex, halfDigits that of each half.
const (
	halfDigits = 16
	hashDigits = 2 * halfDigits
)

// nothing is the digest of no rows.
func nothing() Digest { return Digest{Hash: strings.Repeat("0", hashDigits)} }

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
