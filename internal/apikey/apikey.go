// Package apikey keeps the keys of the app: made, rotated with an overlap, revoked
// at once. Every change is an act of a member of staff in the same transaction. A
// key's secret exists in the answer to who asked for it, and nowhere else.
package apikey

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/credential"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// The verbs of acts on keys.
const (
	// Create makes a key for an app that has none.
	Create = "key.create"
	// Rotate makes another key for the same app.
	Rotate = "key.rotate"
	// Revoke ends a key at once.
	Revoke = "key.revoke"
)

// appPrefix is what the ids of keys' owners begin with.
const appPrefix = "app"

// Key is one key without its secret.
type Key struct {
	// ID is public, "key_…"; it stands in the token too.
	ID string
	// App is the opaque id of whose key it is; a rotated key has the same.
	App string
	// Label is what operators call it.
	Label string
	// Scopes are what it may do, in the order of the docs.
	Scopes []access.Scope
	// MadeAt and ExpiresAt are the bounds of its time.
	MadeAt, ExpiresAt time.Time
	// RevokedAt is zero unless somebody revoked it.
	RevokedAt time.Time
}

// Holds reports whether the key is good at an instant.
func (k Key) Holds(at time.Time) bool { return k.RevokedAt.IsZero() && at.Before(k.ExpiresAt) }

// New is what is asked for.
type New struct {
	// Label is a lower-case word such as "production".
	Label string
	// Scopes are at least one of access.Scopes.
	Scopes []access.Scope
	// Lasts is how long the key holds; nil means credential.Keys().Usual.
	Lasts *time.Duration
}

var shapeLabel = regexp.MustCompile(`^[a-z][a-z0-9-]{1,31}$`)

// check gives the scopes in the order of the docs, each once.
func (n New) check() ([]access.Scope, error) {
	if !shapeLabel.MatchString(n.Label) {
		return nil, failure.New(failure.CredentialRefused, "reading the label (2 to 32 lower-case letters, digits and hyphens)")
	}

	for _, scope := range n.Scopes {
		if !slices.Contains(access.Scopes(), scope) {
			return nil, failure.New(failure.CredentialRefused, "reading the scopes (one of them is none of Steward's)")
		}
	}

	if len(n.Scopes) == 0 {
		return nil, failure.New(failure.CredentialRefused, "reading the scopes (a key without one may do nothing)")
	}

	return slices.DeleteFunc(access.Scopes(), func(s access.Scope) bool { return !slices.Contains(n.Scopes, s) }), nil
}

// Make makes a key for a new app. It fails with CredentialRefused for a label, a
// scope or a span that may not be.
func Make(ctx context.Context, tx postgres.Tx, who access.Principal, asked New, at time.Time) (Key, credential.Token, error) {
	scopes, err := asked.check()
	if err != nil {
		return Key{}, credential.Token{}, err
	}

	return store(ctx, tx, who, Key{App: ids.New(appPrefix), Label: asked.Label, Scopes: scopes}, asked.Lasts, Create, at)
}

// Replace makes another key for the app of a key that holds, with the same label and
// scopes. The old one holds for the overlap, 0 for not at all, nil for the usual. It
// fails with UnknownKey, and with CredentialOver for a key that holds no more.
func Replace(
	ctx context.Context, tx postgres.Tx, who access.Principal, id string, overlap *time.Duration, at time.Time,
) (Key, credential.Token, error) {
	until, err := credential.Overlap().UntilOverlap(at, overlap)
	if err != nil {
		return Key{}, credential.Token{}, err
	}

	old, err := locked(ctx, tx, id)
	if err != nil {
		return Key{}, credential.Token{}, err
	}

	if !old.Holds(at) {
		return Key{}, credential.Token{}, failure.New(failure.CredentialOver, "rotating a key")
	}

	if until.Before(old.ExpiresAt) {
		if err := shorten(ctx, tx, id, until); err != nil {
			return Key{}, credential.Token{}, err
		}
	}

	return store(ctx, tx, who, Key{App: old.App, Label: old.Label, Scopes: old.Scopes}, nil, Rotate, at)
}

// shorten lets a key end earlier.
func shorten(ctx context.Context, tx postgres.Tx, id string, until time.Time) error {
	_, err := tx.Exec(ctx, `update api_keys set expires_at = $2 where id = $1`, id, until)

	return failure.Wrap(failure.Unavailable, "letting a key end", err)
}

// store writes a fresh key and the act that made it.
func store(
	ctx context.Context, tx postgres.Tx, who access.Principal, key Key, lasts *time.Duration, verb string, at time.Time,
) (Key, credential.Token, error) {
	expires, err := credential.Keys().Until(at, lasts)
	if err != nil {
		return Key{}, credential.Token{}, err
	}

	token := credential.Make(access.App)
	key.ID, key.MadeAt, key.ExpiresAt = token.ID, at, expires

	_, err = tx.Exec(ctx, `insert into api_keys (id, app, label, scopes, secret_sha256, made_at, expires_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		key.ID, key.App, key.Label, key.Scopes, token.Digest[:], at, expires, expires.Add(credential.RowStay))
	if err != nil {
		return Key{}, credential.Token{}, failure.Wrap(failure.Unavailable, "storing a key", err)
	}

	_, err = act.Record(ctx, tx, who, act.What{Verb: verb, Object: key.ID}, at)

	return key, token, err
}

// End revokes a key: no process takes it once this has committed. A key that was
// revoked stays so, and nothing is written. It fails with UnknownKey.
func End(ctx context.Context, tx postgres.Tx, who access.Principal, id string, at time.Time) (Key, error) {
	key, err := locked(ctx, tx, id)
	if err != nil || !key.RevokedAt.IsZero() {
		return key, err
	}

	if _, err := tx.Exec(ctx, `update api_keys set revoked_at = $2 where id = $1`, id, at); err != nil {
		return Key{}, failure.Wrap(failure.Unavailable, "revoking a key", err)
	}

	key.RevokedAt = at
	_, err = act.Record(ctx, tx, who, act.What{Verb: Revoke, Object: id}, at)

	return key, err
}

const columns = `select id, app, label, scopes, made_at, expires_at, revoked_at from api_keys `

// locked reads a key and keeps others from changing it until the transaction ends.
func locked(ctx context.Context, tx postgres.Tx, id string) (Key, error) {
	rows, err := tx.Query(ctx, columns+`where id = $1 for update`, id)
	if err != nil {
		return Key{}, failure.Wrap(failure.Unavailable, "looking for a key", err)
	}

	found, err := pgx.CollectExactlyOneRow(rows, scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return Key{}, failure.New(failure.UnknownKey, "looking for a key")
	}

	return found, failure.Wrap(failure.Unavailable, "looking for a key", err)
}

// List reads keys in the order of their ids, which says nothing, behind the id
// after; no more than limit.
func List(ctx context.Context, q postgres.Queryer, after string, limit int) ([]Key, error) {
	rows, err := q.Query(ctx, columns+`where id > $1 order by id limit $2`, after, limit)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "reading keys", err)
	}

	found, err := pgx.CollectRows(rows, scan)

	return found, failure.Wrap(failure.Unavailable, "reading keys", err)
}

func scan(row pgx.CollectableRow) (Key, error) {
	var (
		read    Key
		revoked *time.Time
	)

	err := row.Scan(&read.ID, &read.App, &read.Label, &read.Scopes, &read.MadeAt, &read.ExpiresAt, &revoked)
	read.MadeAt, read.ExpiresAt = read.MadeAt.UTC(), read.ExpiresAt.UTC()

	if revoked != nil {
		read.RevokedAt = revoked.UTC()
	}

	return read, err
}
