// Package owntables is Steward's own database as a store of an erasure: the same engine as in the app's databases, by
// Steward's own data map (internal/datamap/own). The case itself, the ledger and the proof of the erasure stay: that map says why.
package owntables

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/datamap/own"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
)

// Store is the steward database. It is safe for concurrent use.
type Store struct {
	db   *postgres.DB
	rows *appdb.Store
}

var _ store.Store = (*Store)(nil)

// New makes a store of the steward database, as the role steward_erase.
func New(db *postgres.DB, rules *policy.Policy) (*Store, error) {
	decided, err := own.Database()
	if err != nil {
		return nil, err
	}

	return &Store{db: db, rows: appdb.New(db, decided, appdb.Options{Rules: rules, NoOwner: true})}, nil
}

// Name implements store.Store.
func (s *Store) Name() string { return s.rows.Name() }

// Plan implements store.Store. It fails with MapUnfit where a migration added what the map does not decide.
func (s *Store) Plan(ctx context.Context, subject store.Subject) ([]plan.Step, error) {
	known, found, err := s.known(ctx, subject)
	if err != nil || !found {
		return nil, err
	}

	return s.rows.Plan(ctx, known)
}

// Freeze implements store.Store.
func (s *Store) Freeze(ctx context.Context, subject store.Subject, frozen store.Frozen) error {
	known, found, err := s.known(ctx, subject)
	if err != nil || !found {
		return err
	}

	return s.rows.Freeze(ctx, known, frozen)
}

// Erase implements store.Store.
func (s *Store) Erase(ctx context.Context, subject store.Subject, frozen store.Frozen, beat func(done int64)) (store.Outcome, error) {
	known, found, err := s.known(ctx, subject)
	if err != nil {
		return store.Outcome{}, err
	}

	if !found {
		return store.Outcome{Kind: store.NothingFound}, nil
	}

	return s.rows.Erase(ctx, known, frozen, beat)
}

// Verify implements store.Store.
func (s *Store) Verify(ctx context.Context, subject store.Subject, frozen store.Frozen) ([]store.Remainder, error) {
	known, found, err := s.known(ctx, subject)
	if err != nil || !found {
		return nil, err
	}

	return s.rows.Verify(ctx, known, frozen)
}

// GoneBy implements store.Store. The backups of this database are another store.
func (s *Store) GoneBy(ctx context.Context, subject store.Subject, erasedAt time.Time) (time.Time, error) {
	return s.rows.GoneBy(ctx, subject, erasedAt)
}

// known is the subject as Steward's tables know it: an account by the id that Steward gave it, which may be another than the
// key by which the app calls it. A person is in none of these tables, and that the map still decides all of them is the proof.
func (s *Store) known(ctx context.Context, subject store.Subject) (known store.Subject, found bool, err error) {
	known = store.Subject{Erasure: subject.Erasure, Kind: plan.Account, Account: subject.Account}

	if subject.Kind != plan.Account {
		known.Account = "nobody"
		_, err := s.rows.Fingerprint(ctx, known)

		return known, false, err
	}

	err = s.db.QueryRow(ctx, `select account from erasures where id = $1`, subject.Erasure).Scan(&known.Account)
	if errors.Is(err, pgx.ErrNoRows) {
		return known, true, nil // a plan without a case names the account by its id
	}

	return known, true, failure.Wrap(failure.Unavailable, "looking for the account of an erasure", err)
}
