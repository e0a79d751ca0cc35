package account

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/groupcommit"
	"steward/internal/idempotency"
	"steward/internal/patience"
	"steward/internal/postgres"
)

// Registration is one account that is probably new, with what is to be remembered
// of the request.
type Registration struct {
	// ID is the account's id.
	ID string
	// CreatedAt is when it began in the app, checked by Plausible; zero if unknown.
	CreatedAt time.Time
	// At is when it is registered.
	At time.Time
	// Request is the row that lets a retry get the same answer.
	Request idempotency.Row
}

// Registrar registers the new accounts of many callers together, each with the row
// of its request in the same commit. It is safe for concurrent use.
type Registrar struct {
	group *groupcommit.Committer[Registration, bool]
}

// NewRegistrar starts one. Its statements carry what ctx holds and outlive its end:
// Close ends them.
func NewRegistrar(ctx context.Context, db *postgres.DB, scale patience.Scale) *Registrar {
	return &Registrar{group: groupcommit.New(ctx, groupcommit.Options[Registration, bool]{
		Write: func(ctx context.Context, items []Registration) ([]bool, error) { return registerAll(ctx, db, items) },
		Size:  func(Registration) int { return 1 },
		// A row here is ten times one of a sign.
		MaxWaiting: maxWaiting / 10, MaxGroup: maxGroup / 10,
		Timeout: scale.Of(writeTimeout), Together: true,
	})}
}

// Register waits until account and request are durable, and says so; or it says
// false, with nothing written, where the account is there already or the request was
// seen before: then the careful way says which. It fails as groupcommit does.
func (r *Registrar) Register(ctx context.Context, wanted Registration) (bool, error) {
	fresh, err := r.group.Do(ctx, wanted)
	if groupcommit.RefusedByServer(err) {
		return false, nil // nothing was written; a request that was seen before is one reason
	}

	return fresh, err
}

// Close takes nothing more, and returns when everything that was accepted is
// answered.
func (r *Registrar) Close() { r.group.Close() }

// insertAll writes new accounts, and the requests of those alone. A request that was
// seen before has no part in it, so that who repeats one takes nothing from others; one
// that two bring at the same instant violates the primary key, which takes the whole
// statement back. (It is looked for with a subquery for each row: as a join the planner
// may read the whole table.)
const insertAll = `with brought as (
		select id, at, created, owner, operation, key_hash, credential, body_mac, answer, ends_at
		from unnest($1::text[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[], $7::text[],
			$8::bytea[], $9::bytea[], $10::timestamptz[], $11::bytea[])
			as row(id, at, created, owner, operation, key_hash, credential, body_mac, answer, ends_at, plain_hash)
		where (select seen.owner from idempotency_keys as seen where seen.owner = row.owner
			and seen.operation = row.operation and seen.key_hash in (row.key_hash, row.plain_hash) limit 1) is null
	), fresh as (
		insert into accounts (id, registered_at, created_at) select id, at, created from brought order by id
		on conflict (id) do nothing returning id
	), remembered as (
		insert into idempotency_keys (owner, operation, key_hash, credential, body_mac, answer, made_at, ends_at)
		select owner, operation, key_hash, credential, body_mac, answer, at, ends_at from brought join fresh using (id)
	)
	select id from fresh`

// registerAll writes what several callers brought, as one statement that commits by
// itself, and tells each whether it was new. Of two who bring the same account, or the
// same request, the second is told that it was not. A crash before the commit leaves
// nothing.
func registerAll(ctx context.Context, db *postgres.DB, brought []Registration) ([]bool, error) {
	first, asked := map[string]int{}, map[string]bool{}

	var c registrationColumns

	for i, each := range brought {
		request := each.Request.Owner + " " + each.Request.Operation + " " + string(each.Request.KeyHash)
		if _, twice := first[each.ID]; !twice && !asked[request] {
			first[each.ID], asked[request] = i, true
			c.add(each)
		}
	}

	rows, err := db.Query(ctx, insertAll, c.ids, c.ats, c.created, c.owners, c.operations, c.keys, c.credentials, c.macs,
		c.answers, c.ends, c.plain)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "registering accounts", err)
	}

	fresh, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "registering accounts", err)
	}

	answers := make([]bool, len(brought))
	for _, id := range fresh {
		answers[first[id]] = true
	}

	return answers, nil
}

// registrationColumns are the columns of a group.
type registrationColumns struct {
	ids, owners, operations, credentials []string
	ats, ends                            []time.Time
	created                              []*time.Time
	keys, plain, macs, answers           [][]byte
}

func (c *registrationColumns) add(one Registration) {
	c.ids, c.ats, c.created = append(c.ids, one.ID), append(c.ats, one.At), append(c.created, postgres.Nullable(one.CreatedAt))
	c.owners, c.operations = append(c.owners, one.Request.Owner), append(c.operations, one.Request.Operation)
	c.keys, c.credentials = append(c.keys, one.Request.KeyHash), append(c.credentials, one.Request.Credential)
	c.macs, c.answers = append(c.macs, one.Request.BodyMAC), append(c.answers, one.Request.Answer)
	c.ends, c.plain = append(c.ends, one.Request.EndsAt), append(c.plain, one.Request.PlainHash)
}
