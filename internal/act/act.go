// Package act holds what staff do through the API: who, in which role, what, to
// what, on which hash, when. An act is written in the transaction of its effect, or
// before that where a workflow carries it out; the workflow is given its id and
// reads everything else from here, since whoever only reaches Temporal can name an
// act, never make one. Nothing of an act is ever changed; the ledger holds it too.
package act

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/page"
	"steward/internal/postgres"
)

// Done is the outcome of an act that was carried out. Every other outcome is a
// failure code.
const Done = "done"

// idPrefix is what the ids of acts begin with.
const idPrefix = "act"

// What says what somebody does.
type What struct {
	// Verb is the code of it, such as "key.revoke".
	Verb string
	// Object is the opaque id of what it is done to.
	Object string
	// InputSHA256 is the hex SHA-256 of what was shown and agreed to; empty where
	// nothing was.
	InputSHA256 string
}

// Act is one act as it was recorded.
type Act struct {
	What

	// ID is opaque, "act_…".
	ID string
	// Staff is the opaque id of who acts, Credential that of the token that was shown.
	Staff, Credential string
	// Role is the one that they had.
	Role access.Role
	// At is when they acted.
	At time.Time
	// Outcome is Done or a failure code; empty until the act has ended.
	Outcome string
	// EndedAt is when it ended; zero before.
	EndedAt time.Time
}

// Record writes an act whose effect is in the same transaction: a crash leaves both
// or neither. It fails with NotPermitted where who is no member of staff who may act
// now, whatever the caller believed when the request began.
func Record(ctx context.Context, tx postgres.Tx, who access.Principal, what What, at time.Time) (string, error) {
	id, err := begin(ctx, tx, who, what, at)
	if err != nil {
		return "", err
	}

	return id, end(ctx, tx, Act{ID: id, Staff: who.ID, Role: who.Role, What: what}, Done, at)
}

// RecordOnce is Record for what the same person may ask for again because the answer was
// lost: where they have done this to that before, nothing is written and it is that act.
// Two at once are one: the second waits until the first has committed.
func RecordOnce(ctx context.Context, tx postgres.Tx, who access.Principal, what What, at time.Time) (string, error) {
	_, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('steward act ' || $1, 0))`,
		who.ID+" "+what.Verb+" "+what.Object)
	if err != nil {
		return "", failure.Wrap(failure.Unavailable, "waiting for the same act", err)
	}

	var id string

	err = tx.QueryRow(ctx, `select id from staff_acts where object = $1 and verb = $2 and staff = $3 order by at, id limit 1`,
		what.Object, what.Verb, who.ID).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Record(ctx, tx, who, what, at)
	}

	return id, failure.Wrap(failure.Unavailable, "looking for an act", err)
}

// Intend writes the intent of an act that a workflow carries out. Nothing may be
// done before it has committed; End says later how it went. It fails as Record does.
func Intend(ctx context.Context, tx postgres.Tx, who access.Principal, what What, at time.Time) (string, error) {
	id, err := begin(ctx, tx, who, what, at)
	if err != nil {
		return "", err
	}

	_, err = ledger.Append(ctx, tx, ledger.ActIntended, at, body(Act{ID: id, Staff: who.ID, Role: who.Role, What: what}, ""))

	return id, err
}

// begin writes the row.
func begin(ctx context.Context, tx postgres.Tx, who access.Principal, what What, at time.Time) (string, error) {
	if who.Kind != access.Staff {
		return "", failure.New(failure.NotPermitted, "recording an act of somebody who is not staff")
	}

	id := ids.New(idPrefix)

	_, err := tx.Exec(ctx, `insert into staff_acts (id, staff, credential, role, verb, object, input_sha256, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`, id, who.ID, who.Credential, who.Role, what.Verb, what.Object, what.InputSHA256, at)
	if failure.Is(failure.Wrap(failure.Unavailable, "recording an act", err), failure.Unauthorised) {
		return "", failure.New(failure.NotPermitted, "recording an act of somebody who may not act any more")
	}

	return id, failure.Wrap(failure.Unavailable, "recording an act", err)
}

// End writes how an act ended, once: a second call changes nothing. outcome is Done
// or a failure code. It fails with EvidenceMissing for an act that nobody did.
func End(ctx context.Context, tx postgres.Tx, id, outcome string, at time.Time) error {
	found, err := Get(ctx, tx, id)
	if err != nil || found.Outcome != "" {
		return err
	}

	return end(ctx, tx, found, outcome, at)
}

// end writes the outcome to the table and the ledger. Two who end the same act at
// once write one outcome: the second waits for the first and finds it there.
func end(ctx context.Context, tx postgres.Tx, of Act, outcome string, at time.Time) error {
	written, err := tx.Exec(ctx, `insert into staff_act_ends (act, outcome, ended_at) values ($1, $2, $3)
		on conflict (act) do nothing`, of.ID, outcome, at)
	if err != nil || written == 0 {
		return failure.Wrap(failure.Unavailable, "recording how an act ended", err)
	}

	_, err = ledger.Append(ctx, tx, ledger.ActDone, at, body(of, outcome))

	return err
}

func body(of Act, outcome string) ledger.ActBody {
	return ledger.ActBody{
		Act: of.ID, Actor: of.Staff, Role: string(of.Role), Verb: of.Verb, Object: of.Object,
		InputSHA256: of.InputSHA256, Outcome: outcome,
	}
}

const columns = `select a.id, a.staff, a.credential, a.role, a.verb, a.object, a.input_sha256, a.at, coalesce(e.outcome, ''), e.ended_at
	from staff_acts as a left join staff_act_ends as e on e.act = a.id`

// Get reads an act. It fails with EvidenceMissing where nobody did it.
func Get(ctx context.Context, q postgres.Queryer, id string) (Act, error) {
	return one(ctx, q, ` where a.id = $1`, id)
}

func one(ctx context.Context, q postgres.Queryer, where string, args ...any) (Act, error) {
	rows, err := q.Query(ctx, columns+where, args...)
	if err != nil {
		return Act{}, failure.Wrap(failure.Unavailable, "looking for an act", err)
	}

	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Act{}, failure.New(failure.EvidenceMissing, "looking for an act")
	}

	return found, failure.Wrap(failure.Unavailable, "looking for an act", err)
}

// Find reads the first act of somebody who has done this to that; what they agreed to is not compared. It fails with EvidenceMissing
// where they did not.
func Find(ctx context.Context, q postgres.Queryer, what What, staff string) (Act, error) {
	return one(ctx, q, ` where a.object = $1 and a.verb = $2 and a.staff = $3 order by a.at, a.id limit 1`, what.Object, what.Verb, staff)
}

// Did reports whether somebody has done this to that before.
func Did(ctx context.Context, q postgres.Queryer, verb, object string) (did bool, err error) {
	err = q.QueryRow(ctx, `select exists (
		select from staff_acts as a join staff_act_ends as e on e.act = a.id
		where a.object = $1 and a.verb = $2 and e.outcome = $3)`, object, verb, Done).Scan(&did)

	return did, failure.Wrap(failure.Unavailable, "looking for an act", err)
}

// Place is that of this act in a list.
func (a Act) Place() page.Place { return page.Place{At: a.At, ID: a.ID} }

// List reads acts, the newest first, no more than limit, behind a place.
func List(ctx context.Context, q postgres.Queryer, after page.Place, limit int) ([]Act, error) {
	at, id := after.Behind()

	rows, err := q.Query(ctx, columns+` where $1::timestamptz is null or (a.at, a.id) < ($1, $2)
		order by a.at desc, a.id desc limit $3`, at, id, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading acts", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading acts", err)
}

func scan(row pgx.CollectableRow) (Act, error) {
	var (
		read  Act
		ended *time.Time
	)

	err := row.Scan(&read.ID, &read.Staff, &read.Credential, &read.Role, &read.Verb, &read.Object, &read.InputSHA256,
		&read.At, &read.Outcome, &ended)
	read.At = read.At.UTC()

	if ended != nil {
		read.EndedAt = ended.UTC()
	}

	return read, err
}
