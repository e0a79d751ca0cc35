// Package credentialtest gives tests credentials of every kind: those that hold and
// those that do not.
package credentialtest

import (
	"context"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/apikey"
	"steward/internal/credential"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/staff"
)

// Maker makes credentials in one steward database. It needs the right to write
// every table, as the superuser of a test has it.
type Maker struct {
	db *postgres.DB
	at time.Time
	// first is the operator in whose name the others are made.
	first access.Principal
	token credential.Token
}

// New makes the first operator at the given instant.
func New(t testing.TB, db *postgres.DB, at time.Time) *Maker {
	t.Helper()

	member, token, err := staff.Bootstrap(t.Context(), db, staff.New{Handle: handle()}, at)
	if err != nil {
		t.Fatal(err)
	}

	return &Maker{
		db: db, at: at, token: token,
		first: access.Principal{Kind: access.Staff, ID: member.ID, Credential: token.ID, Role: access.Operator},
	}
}

// handle is a fresh one.
func handle() string { return "t" + ids.New("t")[2:] }

// Operator is the first operator, and their token as it is shown.
func (m *Maker) Operator() (access.Principal, string) { return m.first, m.token.Reveal() }

// Staff adds a member of staff in a role, with a token of their own.
func (m *Maker) Staff(t testing.TB, role access.Role) (access.Principal, string) {
	t.Helper()

	who, _ := m.Handed(t, role)
	token := credential.Make(access.Staff)

	m.tx(t, func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx,
			`insert into staff_tokens (id, staff, made_by, secret_sha256, made_at, expires_at, ends_at)
			select $2, staff, staff_tokens.staff, $3, made_at, expires_at, ends_at from staff_tokens where id = $1`, who.Credential, token.ID, token.Digest[:])
		if err == nil {
			_, err = tx.Exec(ctx, `delete from staff_tokens where id = $1`, who.Credential)
		}

		return err
	})

	who.Credential, who.Handed = token.ID, false

	return who, token.Reveal()
}

// Handed adds a member of staff in a role, with the token that the operator made.
func (m *Maker) Handed(t testing.TB, role access.Role) (access.Principal, string) {
	t.Helper()

	var (
		member staff.Member
		token  credential.Token
	)

	m.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
		member, token, err = staff.Join(ctx, tx, m.first, staff.New{Handle: handle(), Role: role}, m.at)

		return err
	})

	return access.Principal{Kind: access.Staff, ID: member.ID, Credential: token.ID, Role: role, Handed: true}, token.Reveal()
}

// Key makes a key of an app of its own.
func (m *Maker) Key(t testing.TB, scopes ...access.Scope) (access.Principal, string) {
	t.Helper()

	var (
		key   apikey.Key
		token credential.Token
	)

	m.tx(t, func(ctx context.Context, tx postgres.Tx) (err error) {
		key, token, err = apikey.Make(ctx, tx, m.first, apikey.New{Label: "test", Scopes: scopes}, m.at)

		return err
	})

	return access.Principal{Kind: access.App, ID: key.App, Credential: key.ID, Scopes: key.Scopes}, token.Reveal()
}

// Expire lets a credential have expired at the instant of the Maker.
func (m *Maker) Expire(t testing.TB, who access.Principal) {
	t.Helper()
	m.change(t, who, ` set expires_at = $2 where id = $1`, m.at)
}

// Revoke revokes a credential.
func (m *Maker) Revoke(t testing.TB, who access.Principal) {
	t.Helper()
	m.change(t, who, ` set revoked_at = $2 where id = $1`, m.at)
}

func (m *Maker) change(t testing.TB, who access.Principal, sql string, at time.Time) {
	t.Helper()

	table := "staff_tokens"
	if who.Kind == access.App {
		table = "api_keys"
	}

	m.tx(t, func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx, "update "+table+sql, who.Credential, at)

		return err
	})
}

func (m *Maker) tx(t testing.TB, work func(context.Context, postgres.Tx) error) {
	t.Helper()

	if err := m.db.InTx(t.Context(), work); err != nil {
		t.Fatal(err)
	}
}

// Silence lets the database tell nobody of changes any more, as if each notice took for
// ever.
func (m *Maker) Silence(t testing.TB) {
	t.Helper()

	m.tx(t, func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx, `alter table staff disable trigger staff_changed;
			alter table staff_tokens disable trigger staff_tokens_changed;
			alter table api_keys disable trigger api_keys_changed`)

		return err
	})
}
