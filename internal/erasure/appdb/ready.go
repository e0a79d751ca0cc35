package appdb

import (
	"context"

	"steward/internal/erasure/plan"
	"steward/internal/erasure/session"
	"steward/internal/store"
)

// Ready looks, without any subject, whether an account could be erased here: the map decides all that is
// there, and the login may do what it must. It reads no row. It fails with MapUnfit and StoreRefuses as Plan does.
func (s *Store) Ready(ctx context.Context) error {
	// No account is looked for; the route of all is the same.
	found, err := s.find(ctx, store.Subject{Kind: plan.Account, Account: "0"})
	if err != nil {
		return err
	}

	on, err := session.Open(ctx, s.db)
	if err != nil {
		return err
	}
	defer on.Close(ctx)

	return allowed(ctx, on, found, !s.options.NoOwner)
}
