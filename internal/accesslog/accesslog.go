// Package accesslog keeps who of staff looked at whose data. It is read by leads and
// auditors, has a period of its own, and is no evidence of an act: looking changes
// nothing. Apps' keys are not in it; what a product reads of its own accounts says
// nothing about anybody's curiosity.
package accesslog

import (
	"context"
	"math"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Keep is how long an entry stays unless the policy says otherwise: a year, so that
// a yearly audit sees all of it.
const Keep = 365 * 24 * time.Hour

// Entry is one look.
type Entry struct {
	// ID orders entries; it has gaps.
	ID int64
	// At is when.
	At time.Time
	// Staff is the opaque id of who looked, Credential that of the token shown.
	Staff, Credential string
	// Role is the one that they had.
	Role access.Role
	// Operation is that of the API through which they looked.
	Operation access.Operation
	// Subject is the opaque id of whose data it is.
	Subject string
}

// shapeID is that of the ids of accounts and of things of Steward's: an integer, a UUID,
// or random letters behind a prefix that names the kind.
var shapeID = regexp.MustCompile(`^([0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[a-z]{2,8}_[a-z2-7]{26})$`)

// IsID reports whether a text is an opaque id that can stand for whose data it is, and
// not a name such as that of a promise.
func IsID(text string) bool { return shapeID.MatchString(text) }

// Look writes that whoever ctx says looks at the data of a subject. It is called
// before the data is shown, and its failure keeps them from being shown: what is not
// written down is not seen. It writes nothing for an app's key, and fails with
// CredentialsMissing where nobody is known to look.
func Look(ctx context.Context, q postgres.Queryer, operation access.Operation, subject string, at time.Time, keep time.Duration) error {
	return note(ctx, q, operation, []string{subject}, nil, at, keep)
}

// LookAll writes that they look at a list in which the subjects are, each of them once;
// none writes nothing. Whoever goes through lists asks for the same ones all day: it is
// one entry for each member of staff, role, operation, subject and hour, and what comes
// first in the hour gives its time, its credential and its end. The hours are those of
// the clock in UTC. It fails as Look does.
func LookAll(
	ctx context.Context, q postgres.Queryer, operation access.Operation, subjects []string, at time.Time, keep time.Duration,
) error {
	hour := at.UTC().Truncate(time.Hour)
	if keep < time.Hour {
		// The entry might end within its hour, and could not stand for the rest of it.
		return note(ctx, q, operation, subjects, nil, at, keep)
	}

	return note(ctx, q, operation, subjects, &hour, at, keep)
}

// note writes entries. Those with an hour that are there already are not written again;
// the one of a caller who has not committed yet is waited for, since it may go again.
func note(
	ctx context.Context, q postgres.Queryer, operation access.Operation, subjects []string, hour *time.Time, at time.Time, keep time.Duration,
) error {
	who, known := access.From(ctx)

	switch {
	case !known:
		return failure.New(failure.CredentialsMissing, "noting who looks")
	case who.Kind == access.App, len(subjects) == 0:
		return nil
	}

	// Everybody writes in the same order, so that no two wait for each other.
	_, err := q.Exec(ctx, `insert into access_log (at, staff, credential, role, operation, subject, ends_at, hour)
		select $1, $2, $3, $4, $5, subject, $7, $8 from (select distinct unnest($6::text[]) as subject) as s order by subject
		on conflict (staff, operation, role, hour, subject) where hour is not null do nothing`,
		at, who.ID, who.Credential, who.Role, operation, subjects, at.Add(keep), hour)

	return failure.Wrap(failure.Unavailable, "noting who looks", err)
}

const columns = `select id, at, staff, credential, role, operation, subject from access_log `

// List reads entries, the newest first, no more than limit: those before the entry
// with the id before, unless that is 0, and of one subject, unless that is empty.
func List(ctx context.Context, q postgres.Queryer, subject string, before int64, limit int) ([]Entry, error) {
	if before == 0 {
		before = math.MaxInt64
	}

	// Two statements, so that each has the index that it needs whatever the plan is.
	where, arguments := `where id < $1`, []any{before, limit}
	if subject != "" {
		where, arguments = `where subject = $3 and id < $1`, append(arguments, subject)
	}

	rows, err := q.Query(ctx, columns+where+` order by id desc limit $2`, arguments...)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the access log", err)
	}

	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Entry, error) {
		var read Entry

		err := row.Scan(&read.ID, &read.At, &read.Staff, &read.Credential, &read.Role, &read.Operation, &read.Subject)
		read.At = read.At.UTC()

		return read, err
	})

	return found, failure.Wrap(failure.Unavailable, "reading the access log", err)
}
