package credential

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// record is what the database knows of one credential.
type record struct {
	id      string
	digest  Digest
	expires time.Time
	// revoked says that somebody ended the credential, or the access of whom it
	// belongs to.
	revoked bool
	who     access.Principal
}

// columns are the same for both kinds, so that one statement reads them all.
const columns = `select id, kind, owner, scopes, role, handed, secret_sha256, expires_at, revoked from (
	select id, 'app' as kind, app as owner, scopes, '' as role, false as handed, secret_sha256, expires_at, revoked_at is not null as revoked
	from api_keys
	union all
	select t.id, 'staff', t.staff, '{}'::text[], s.role, t.made_by <> t.staff, t.secret_sha256, t.expires_at,
		t.revoked_at is not null or s.ended_at is not null
	from staff_tokens as t join staff as s on s.id = t.staff
) as c `

// readAll reads all credentials; no more than limit.
func readAll(ctx context.Context, q postgres.Queryer, limit int) ([]record, error) {
	rows, err := q.Query(ctx, columns+`limit $1`, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the credentials", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading the credentials", err)
}

// readOne reads one credential; nothing, and no error, where there is none of that id.
func readOne(ctx context.Context, q postgres.Queryer, id string) ([]record, error) {
	rows, err := q.Query(ctx, columns+`where id = $1`, id)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading a credential", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading a credential", err)
}

func scan(row pgx.CollectableRow) (record, error) {
	var (
		read   record
		digest []byte
	)

	err := row.Scan(&read.id, &read.who.Kind, &read.who.ID, &read.who.Scopes, &read.who.Role, &read.who.Handed,
		&digest, &read.expires, &read.revoked)
	copy(read.digest[:], digest) // the table takes no other length
	read.who.Credential = read.id

	if read.who.Kind == access.Staff {
		read.who.Scopes = nil
	}

	return read, err
}
