package elsewhere

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// Seen is a copy of a database that its server knows of, and that the policy does not declare.
type Seen struct {
	// Database is its name in the policy.
	Database string
	// What was seen, in words, such as "a standby".
	What string
	// Kinds are those of a copy that declares it; the first is the likely one.
	Kinds []policy.CopyKind
}

// String says what was seen, and where.
func (s Seen) String() string {
	return s.Database + " has " + s.What + " that the policy does not declare"
}

// Remedy is what to do: the line to write, and that the copy may be ended instead.
func (s Seen) Remedy() string {
	kinds := make([]string, 0, len(s.Kinds))
	for _, kind := range s.Kinds {
		kinds = append(kinds, string(kind))
	}

	last := len(kinds) - 1

	return fmt.Sprintf("Write under copies in the policy: %s (kind: %s or %s; AGE: after how long at the latest what is erased "+
		"is gone there, such as 7d), or end it; then run: steward policy check", s.Line("AGE"), strings.Join(kinds[:last], ", "), kinds[last])
}

// Line is the item of copies: in policy.yaml that declares it, with its max_age.
func (s Seen) Line(age string) string {
	return fmt.Sprintf("- {name: %s_%s, kind: %s, database: %s, max_age: %s}", s.Database, s.Kinds[0], s.Kinds[0], s.Database, age)
}

// Look asks the server of a database, on the other side of db, which copies of it there are at this moment, and gives those that the
// policy does not declare for it. Any login may ask. It changes nothing, and fails with Unavailable.
func Look(ctx context.Context, database string, db postgres.Queryer, rules *policy.Policy) ([]Seen, error) {
	there, err := look(ctx, database, db)
	if err != nil {
		return nil, err
	}

	left := there.undeclared(declaredOf(database, rules))
	for n := range left {
		left[n].Database = database
	}

	return left, nil
}

func look(ctx context.Context, database string, db postgres.Queryer) (seen copies, err error) {
	err = db.QueryRow(ctx, selectCopies).Scan(&seen.streams, &seen.physical, &seen.logical, &seen.archived)

	return seen, failure.Wrap(failure.Unavailable, "looking for copies of "+database, err)
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

// without gives what is there and was not declared, each in words.
func (c copies) without(declared []policy.CopyKind) (left []string) {
	for _, one := range c.undeclared(declared) {
		left = append(left, one.What)
	}

	return left
}

// undeclared gives what is there and was not declared. A slot does not say what stands behind it, so that any kind that may
// declares it; and one declared copy of a kind declares all that are seen of it.
func (c copies) undeclared(declared []policy.CopyKind) (left []Seen) {
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
			left = append(left, Seen{What: one.what, Kinds: one.kinds})
		}
	}

	return left
}
