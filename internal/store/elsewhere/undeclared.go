package elsewhere

import (
	"context"
	"slices"
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
	found := undeclared{database: database, db: db}

	for _, copied := range rules.Copies {
		if copied.Database == database {
			found.declared = append(found.declared, copied.Kind)
		}
	}

	return found
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

func (u undeclared) look(ctx context.Context) (seen copies, err error) {
	err = u.db.QueryRow(ctx, selectCopies).Scan(&seen.streams, &seen.physical, &seen.logical, &seen.archived)

	return seen, failure.Wrap(failure.Unavailable, "looking for copies of "+u.database, err)
}

// Every login may count these: what a view of them hides from others are names and places. A stream over a slot is the slot's.
const selectCopies = `select
	(select count(*) from pg_stat_replication as r where not exists (select from pg_replication_slots as s where s.active_pid = r.pid)),
	(select count(*) from pg_replication_slots where slot_type = 'physical'),
	(select count(*) from pg_replication_slots where slot_type = 'logical' and database = current_database()),
	current_setting('archive_mode') <> 'off'`

// copies are what a server knows of copies of a database.
type copies struct {
	// streams are connections that follow the write-ahead log without a slot: standbys, and base backups while they run.
	streams int64
	// physical slots are of the whole server, logical ones of this database.
	physical, logical int64
	// archived says that the log is archived, or would be if its command worked.
	archived bool
}

// without gives what is there and was not declared, each in words. A slot does not say what stands behind it, so that any kind that may
// declares it; and one declared copy of a kind declares all that are seen of it.
func (c copies) without(declared []policy.CopyKind) (left []string) {
	for _, one := range []struct {
		there bool
		what  string
		kinds []policy.CopyKind
	}{
		{c.streams > 0, "a standby", []policy.CopyKind{policy.CopyReplica, policy.CopyPITR, policy.CopyOther}},
		{c.physical > 0, "a physical replication slot", []policy.CopyKind{policy.CopyReplica, policy.CopyPITR, policy.CopyOther}},
		{c.logical > 0, "a logical replication slot", []policy.CopyKind{policy.CopyReplica, policy.CopyWarehouse, policy.CopyOther}},
		{c.archived, "archived WAL", []policy.CopyKind{policy.CopyPITR, policy.CopyOther}},
	} {
		known := slices.ContainsFunc(declared, func(kind policy.CopyKind) bool { return slices.Contains(one.kinds, kind) })
		if one.there && !known {
			left = append(left, one.what)
		}
	}

	return left
}
