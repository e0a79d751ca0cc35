package backup

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/failure"
)

// unchanged fails with SourceChanged if a table was rewritten, truncated or
// dropped since the snapshot. PostgreSQL shows a rewritten table as empty to an
// older snapshot: a dump that waited for the lock of an ALTER TABLE would hold
// nothing of it, and so would the description. The catalog is read through the
// snapshot, pg_relation_filenode answers for this moment; from their locks on,
// dump and description keep the tables as they are.
func (s *source) unchanged(ctx context.Context) error {
	var changed int64

	err := s.QueryRow(ctx, `select count(*) from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
		where c.relkind = 'r' and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
		and pg_relation_filenode(c.oid) is distinct from c.relfilenode`).Scan(&changed)
	if err == nil && changed > 0 {
		return failure.New(failure.SourceChanged, fmt.Sprintf("comparing the tables with the snapshot (%d are other ones)", changed))
	}

	return failure.Wrap(failure.Unavailable, "comparing the tables with the snapshot", err)
}

// insufficientPrivilege is the SQLSTATE of what a role may not do, reading past
// row-level security among it.
const insufficientPrivilege = "42501"

// readable gives the source's refusal to show its rows a code of its own.
func readable(err error) error {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok && refused.Code == insufficientPrivilege {
		// The server's words may name what it refused; the code says enough.
		return failure.New(failure.SourceUnreadable, "reading the source")
	}

	return err
}
