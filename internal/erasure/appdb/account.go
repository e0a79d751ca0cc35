package appdb

import (
	"context"
	"fmt"

	"steward/internal/erasure/session"
	"steward/internal/failure"
	"steward/internal/store"
)

// AccountKey is the key of the subject's account as the database writes it: case and leading zeros are the row's, since names
// outside of the database are made from that. It fails as Plan does, and with MapUnfit where the key of another account begins with
// this one and one of the endings: what begins so may be that account's.
func (s *Store) AccountKey(ctx context.Context, subject store.Subject, endings []string) (key string, err error) {
	found, err := s.find(ctx, subject)
	if err != nil {
		return "", err
	}

	crowded := false

	err = s.seen(ctx, found, subject, func(ctx context.Context, on *session.Session) error {
		if err := on.QueryRow(ctx, found.AccountKey(s.decided.Account), endings).Scan(&key, &crowded); err != nil {
			return fmt.Errorf("looking for the account's key: %w", err)
		}

		return nil
	})

	if err == nil && crowded {
		err = failure.New(failure.MapUnfit, "planning an erasure in "+s.Name()+
			": the key of another account begins with this one's and the separator of a prefix (take the prefix out of the data map)")
	}

	return key, err
}
