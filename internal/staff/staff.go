// Package staff keeps who of the company may act through the API, in which role, and
// the tokens that show it. Every change is an act of a member of staff in the same
// transaction; only the first operator is made from outside (Bootstrap).
package staff

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/credential"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// The verbs of acts on staff.
const (
	// Add gives somebody an access.
	Add = "staff.add"
	// Change gives an access another role.
	Change = "staff.change"
	// End ends an access at once.
	End = "staff.end"
	// Rotate makes another token for an access.
	Rotate = "staff.rotate"
)

// idPrefix is what the ids of members of staff begin with.
const idPrefix = "stf"

// Member is one member of staff.
type Member struct {
	// ID is opaque, "stf_…"; acts and the ledger name it.
	ID string
	// Handle is what operators call the access; free again once it has ended.
	Handle string
	// Role is what they are there for.
	Role access.Role
	// Since is when the access began, EndedAt when it ended; zero before.
	Since, EndedAt time.Time
	// ExpiresAt is when the last of their tokens that hold expires; zero without one.
	ExpiresAt time.Time
}

// New is what is asked for.
type New struct {
	// Handle is a lower-case word such as "support-2"; it should not be a name.
	Handle string
	// Role is one of access.Roles.
	Role access.Role
	// Lasts is how long the token holds; nil means credential.Tokens().Usual.
	Lasts *time.Duration
}

var shapeHandle = regexp.MustCompile(`^[a-z][a-z0-9-]{1,31}$`)

func (n New) check() error {
	if !shapeHandle.MatchString(n.Handle) {
		return failure.New(failure.CredentialRefused, "reading the handle (2 to 32 lower-case letters, digits and hyphens)")
	}

	return checkRole(n.Role)
}

func checkRole(role access.Role) error {
	if !slices.Contains(access.Roles(), role) {
		return failure.New(failure.CredentialRefused, "reading the role (it is none of Steward's)")
	}

	return nil
}

// Join gives somebody an access and their first token. It fails with
// CredentialRefused for a handle, a role or a span that may not be, and with
// HandleTaken.
func Join(ctx context.Context, tx postgres.Tx, who access.Principal, asked New, at time.Time) (Member, credential.Token, error) {
	member, token, err := insert(ctx, tx, asked, who.ID, at)
	if err != nil {
		return Member{}, credential.Token{}, err
	}

	_, err = act.Record(ctx, tx, who, act.What{Verb: Add, Object: member.ID}, at)

	return member, token, err
}

// insert writes the row of a member and of a first token. Without somebody who makes
// it, it is the member's own.
func insert(ctx context.Context, tx postgres.Tx, asked New, by string, at time.Time) (Member, credential.Token, error) {
	if err := asked.check(); err != nil {
		return Member{}, credential.Token{}, err
	}

	member := Member{ID: ids.New(idPrefix), Handle: asked.Handle, Role: asked.Role, Since: at}

	_, err := tx.Exec(ctx, `insert into staff (id, handle, role, since) values ($1, $2, $3, $4)`,
		member.ID, member.Handle, member.Role, at)
	if taken, ok := errors.AsType[*pgconn.PgError](err); ok && taken.ConstraintName == "staff_handle" {
		return Member{}, credential.Token{}, failure.New(failure.HandleTaken, "adding to the staff")
	}

	if err != nil {
		return Member{}, credential.Token{}, failure.Wrap(failure.Unavailable, "adding to the staff", err)
	}

	token, expires, err := issue(ctx, tx, member.ID, cmp.Or(by, member.ID), asked.Lasts, at)
	member.ExpiresAt = expires

	return member, token, err
}

// issue stores a fresh token, and who made it.
func issue(
	ctx context.Context, tx postgres.Tx, member, by string, lasts *time.Duration, at time.Time,
) (credential.Token, time.Time, error) {
	expires, err := credential.Tokens().Until(at, lasts)
	if err != nil {
		return credential.Token{}, time.Time{}, err
	}

	token := credential.Make(access.Staff)

	_, err = tx.Exec(ctx, `insert into staff_tokens (id, staff, made_by, secret_sha256, made_at, expires_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7)`, token.ID, member, by, token.Digest[:], at, expires, expires.Add(credential.RowStay))

	return token, expires, failure.Wrap(failure.Unavailable, "storing a token", err)
}

// Assign gives an access another role; what was begun in the old one is answered by
// the new one from the commit on. It fails with OwnAccess, UnknownStaff,
// CredentialOver for an access that ended, and CredentialRefused for no role.
func Assign(ctx context.Context, tx postgres.Tx, who access.Principal, id string, role access.Role, at time.Time) (Member, error) {
	if err := checkRole(role); err != nil {
		return Member{}, err
	}

	member, err := others(ctx, tx, who, id)
	if err != nil {
		return Member{}, err
	}

	if member.Role == role {
		return member, nil
	}

	if _, err := tx.Exec(ctx, `update staff set role = $2 where id = $1`, id, role); err != nil {
		return Member{}, failure.Wrap(failure.Unavailable, "changing a role", err)
	}

	member.Role = role
	_, err = act.Record(ctx, tx, who, act.What{Verb: Change, Object: id}, at)

	return member, err
}

// Leave ends an access with all of its tokens: no process takes them once this has
// committed. It fails with OwnAccess and UnknownStaff; an access that ended stays so.
func Leave(ctx context.Context, tx postgres.Tx, who access.Principal, id string, at time.Time) (Member, error) {
	member, err := others(ctx, tx, who, id)
	if failure.Is(err, failure.CredentialOver) {
		return member, nil
	}

	if err != nil {
		return Member{}, err
	}

	if _, err := tx.Exec(ctx, `update staff set ended_at = $2 where id = $1`, id, at); err != nil {
		return Member{}, failure.Wrap(failure.Unavailable, "ending an access", err)
	}

	_, err = tx.Exec(ctx, `update staff_tokens set revoked_at = $2 where staff = $1 and revoked_at is null`, id, at)
	if err != nil {
		return Member{}, failure.Wrap(failure.Unavailable, "revoking tokens", err)
	}

	member.EndedAt, member.ExpiresAt = at, time.Time{}
	_, err = act.Record(ctx, tx, who, act.What{Verb: End, Object: id}, at)

	return member, err
}

// Renew makes another token for an access. Those before hold for the overlap, 0 for
// not at all, nil for the usual; who renews the own token may go on with either. The
// token that who asks with holds for credential.RotationGrace at least, but for one
// that somebody else made: that ends at once, and with it what its maker could do. It
// fails with UnknownStaff, and CredentialOver for an access that ended.
func Renew(
	ctx context.Context, tx postgres.Tx, who access.Principal, id string, overlap *time.Duration, at time.Time,
) (Member, credential.Token, error) {
	until, err := credential.Overlap().UntilOverlap(at, overlap)
	if err != nil {
		return Member{}, credential.Token{}, err
	}

	member, err := locked(ctx, tx, id)
	if err != nil {
		return Member{}, credential.Token{}, err
	}

	// The act comes first: it is of a token that holds.
	if _, err := act.Record(ctx, tx, who, act.What{Verb: Rotate, Object: id}, at); err != nil {
		return Member{}, credential.Token{}, err
	}

	_, err = tx.Exec(ctx, `with ends as (select id, case when made_by <> staff and $5 = staff then $6::timestamptz
			when id = $4 then greatest($2::timestamptz, $3::timestamptz) else $2::timestamptz end as at
			from staff_tokens where staff = $1 and revoked_at is null)
		update staff_tokens as t set expires_at = ends.at from ends where t.id = ends.id and t.expires_at > ends.at`,
		id, until, at.Add(credential.RotationGrace), who.Credential, who.ID, at)
	if err != nil {
		return Member{}, credential.Token{}, failure.Wrap(failure.Unavailable, "letting tokens end", err)
	}

	token, expires, err := issue(ctx, tx, id, who.ID, nil, at)
	member.ExpiresAt = expires

	return member, token, err
}

// others is locked for somebody else than who asks: nobody gives themselves a role,
// and the last operator does not lock everybody out by mistake.
func others(ctx context.Context, tx postgres.Tx, who access.Principal, id string) (Member, error) {
	if who.ID == id {
		return Member{}, failure.New(failure.OwnAccess, "changing who may act")
	}

	return locked(ctx, tx, id)
}

// locked reads a member and keeps others from changing it until the transaction
// ends. It fails with CredentialOver, and gives the member, for one that ended.
func locked(ctx context.Context, tx postgres.Tx, id string) (Member, error) {
	rows, err := tx.Query(ctx, columns+`where id = $1 for update`, id)
	if err != nil {
		return Member{}, failure.Wrap(failure.Unavailable, "looking for a member of staff", err)
	}

	found, err := one(rows)
	if err == nil && !found.EndedAt.IsZero() {
		return found, failure.New(failure.CredentialOver, "looking for a member of staff")
	}

	return found, err
}

const columns = `select id, handle, role, since, ended_at, (
		select max(expires_at) from staff_tokens where staff = staff.id and revoked_at is null
	) from staff `

// Get reads a member of staff. It fails with UnknownStaff.
func Get(ctx context.Context, q postgres.Queryer, id string) (Member, error) {
	rows, err := q.Query(ctx, columns+`where id = $1`, id)
	if err != nil {
		return Member{}, failure.Wrap(failure.Unavailable, "looking for a member of staff", err)
	}

	return one(rows)
}

// List reads members in the order of their ids, which says nothing, behind the id
// after; no more than limit.
func List(ctx context.Context, q postgres.Queryer, after string, limit int) ([]Member, error) {
	rows, err := q.Query(ctx, columns+`where id > $1 order by id limit $2`, after, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading the staff", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading the staff", err)
}

// TokenEnds is when a token expires. It fails with UnknownStaff where there is none.
func TokenEnds(ctx context.Context, q postgres.Queryer, token string) (time.Time, error) {
	var expires time.Time

	err := q.QueryRow(ctx, `select expires_at from staff_tokens where id = $1`, token).Scan(&expires)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, failure.New(failure.UnknownStaff, "looking for a token")
	}

	return expires.UTC(), failure.Wrap(failure.Unavailable, "looking for a token", err)
}

func one(rows pgx.Rows) (Member, error) {
	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Member{}, failure.New(failure.UnknownStaff, "looking for a member of staff")
	}

	return found, failure.Wrap(failure.Unavailable, "looking for a member of staff", err)
}

func scan(row pgx.CollectableRow) (Member, error) {
	var (
		read           Member
		ended, expires *time.Time
	)

	err := row.Scan(&read.ID, &read.Handle, &read.Role, &read.Since, &ended, &expires)
	read.Since = read.Since.UTC()

	if ended != nil {
		read.EndedAt = ended.UTC()
	}

	if expires != nil {
		read.ExpiresAt = expires.UTC()
	}

	return read, err
}
