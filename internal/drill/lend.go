package drill

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// PostgreSQL gives a thing in a schema only to a role that may create there. At
// the source a superuser may have done so all the same, or the right was granted,
// and an archive brings grants last. A superuser's restore would not notice; ours
// lends every role the schemas until everything has its owner, through a group
// that all are members of.

// lendSchemas lends them. The restoring role may: it is a member of every owner.
func (s *scratch) lendSchemas(ctx context.Context, db *postgres.DB) error {
	schemas, err := names(ctx, db, `select nspname from pg_namespace
		where nspname not like 'pg\_%' and nspname <> 'information_schema' and has_schema_privilege(oid, 'create with grant option') order by 1`)
	if err != nil || len(schemas) == 0 {
		return err
	}

	for i, schema := range schemas {
		schemas[i] = quoted(schema)
	}

	_, err = db.Exec(ctx, fmt.Sprintf("grant all on schema %s to %s", strings.Join(schemas, ", "), quoted(s.group)))

	return failure.Wrap(failure.Unavailable, "lending the schemas", err)
}

// takeBack ends the loan, before anything is compared.
func (s *scratch) takeBack(ctx context.Context, db *postgres.DB) error {
	_, err := db.Exec(ctx, "drop owned by "+quoted(s.group))

	return failure.Wrap(failure.Unavailable, "taking the schemas back", err)
}

// asRestorer runs work in the scratch database as the role that restores.
func (s *scratch) asRestorer(ctx context.Context, work func(context.Context, *postgres.DB) error) error {
	at, err := in(s.Admin, s.name, url.UserPassword(s.role, s.password))
	if err != nil {
		return err
	}

	return within(ctx, at, work)
}
