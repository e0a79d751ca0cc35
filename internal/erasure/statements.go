package erasure

import (
	"context"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// Statements tell one database of the app by the statements of the data map. It is an App.
type Statements struct {
	// DB is the app's database, as the login that erases.
	DB *postgres.DB
	// CloseSQL and ReopenSQL are one statement each, with the account's key as $1.
	CloseSQL, ReopenSQL string
}

// Close implements App.
func (s Statements) Close(ctx context.Context, account string) error {
	return s.tell(ctx, s.CloseSQL, account, "telling the app that an account is closed")
}

// Reopen implements App.
func (s Statements) Reopen(ctx context.Context, account string) error {
	return s.tell(ctx, s.ReopenSQL, account, "telling the app that an account is open again")
}

func (s Statements) tell(ctx context.Context, sql, account, op string) error {
	if sql == "" {
		return nil // the map has no way to close accounts in this database
	}

	_, err := s.DB.Exec(ctx, sql, account)

	return failure.Wrap(failure.Unavailable, op, err)
}
