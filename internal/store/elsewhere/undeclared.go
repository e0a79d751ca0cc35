package elsewhere

import (
	"context"
	"time"

	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
)

// undeclared are the copies of one database that its server knows of, and that the policy does not declare.
type undeclared struct {
	database string
	db       postgres.Queryer
	declared []policy.CopyKind
}

// Undeclared gives the store of the copies of a database that nobody declared: standbys, replication slots and an archive of the
// write-ahead log are seen on its server, on the other side of db. What the policy declares for this database has stores of its own.
func Undeclared(database string, db postgres.Queryer, rules *policy.Policy) store.Store {
	return undeclared{database: database, db: db, declared: declaredOf(database, rules)}
}

// Name implements store.Store. No declared copy is called so: their names are "copies/NAME".
func (u undeclared) Name() string { return "copies of " + u.database }

// Plan implements store.Store: a step for each kind that nobody declared. A stream without a slot is none: whoever approved a plan
// would have to approve it again each time that a standby connects.
func (u undeclared) Plan(ctx context.Context, _ store.Subject) (steps []plan.Step, err error) {
	seen, err := u.look(ctx)
	seen.streams = 0

	for _, kind := range seen.without(u.declared) {
		steps = append(steps, plan.Step{Store: u.Name(), Place: kind, Action: plan.ByHand, Rows: -1})
	}

	return steps, err
}

// Freeze implements store.Store.
func (undeclared) Freeze(context.Context, store.Subject, store.Frozen) error { return nil }

// Erase implements store.Store. What is there follows by itself, nobody knows when.
func (u undeclared) Erase(ctx context.Context, _ store.Subject, _ store.Frozen, _ func(int64)) (store.Outcome, error) {
	kinds, err := u.found(ctx)

	switch {
	case err != nil:
		return store.Outcome{}, err
	case len(kinds) > 0:
		return store.Outcome{Kind: store.Expires}, nil
	default:
		return store.Outcome{Kind: store.NothingFound}, nil
	}
}

// Verify implements store.Store. Nobody can look into a copy: its GoneBy says that there is one.
func (undeclared) Verify(context.Context, store.Subject, store.Frozen) ([]store.Remainder, error) {
	return nil, nil
}

// GoneBy implements store.Store. It fails with CopyUndeclared while there is a copy that nobody declared.
func (u undeclared) GoneBy(ctx context.Context, _ store.Subject, erasedAt time.Time) (time.Time, error) {
	kinds, err := u.found(ctx)
	if err == nil && len(kinds) > 0 {
		err = failure.New(failure.CopyUndeclared, "asking when a subject is gone from the copies of "+u.database+" ("+kinds[0]+")")
	}

	if err != nil {
		return time.Time{}, err
	}

	return erasedAt, nil
}

func (u undeclared) found(ctx context.Context) ([]string, error) {
	seen, err := u.look(ctx)

	return seen.without(u.declared), err
}

func (u undeclared) look(ctx context.Context) (copies, error) { return look(ctx, u.database, u.db) }

func declaredOf(database string, rules *policy.Policy) (kinds []policy.CopyKind) {
	for _, copied := range rules.Copies {
		if copied.Database == database {
			kinds = append(kinds, copied.Kind)
		}
	}

	return kinds
}
