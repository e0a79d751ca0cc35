package execute

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/erasure/session"
	"steward/internal/liveschema"
)

func written(tables []liveschema.Name) []string {
	names := make([]string, len(tables))
	for i, table := range tables {
		names[i] = table.SQL()
	}

	return names
}

// heard are tables, and their partitions and heirs, of which the server knows anything by heart: whether of their own rows
// or of those of their heirs. Whole says that nobody shares the columns, so that the owner may make them anew.
const heard = `with recursive family as (
		select t.name::regclass::oid as oid from unnest($1::text[]) as t (name)
		union select i.inhrelid from family as f join pg_catalog.pg_inherits as i on i.inhparent = f.oid
	), known as (
		select s.schemaname, s.tablename, s.inherited from pg_catalog.pg_stats as s
		union select n.nspname, c.relname, false from pg_catalog.pg_stats as s
			join pg_catalog.pg_namespace as x on x.nspname = s.schemaname
			join pg_catalog.pg_class as o on o.relnamespace = x.oid and o.relname = s.tablename
			join pg_catalog.pg_index as i on i.indexrelid = o.oid
			join pg_catalog.pg_class as c on c.oid = i.indrelid join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
		union select s.schemaname, s.tablename, coalesce((pg_catalog.to_jsonb(s) ->> 'inherited')::boolean, false)
			from pg_catalog.pg_stats_ext as s
	)
	select n.nspname::text, c.relname::text, k.inherited, c.relkind = 'r' and not c.relispartition
		and not exists (select from pg_catalog.pg_inherits as i where c.oid in (i.inhrelid, i.inhparent)) as whole
	from (select distinct oid from family) as f
	join pg_catalog.pg_class as c on c.oid = f.oid and c.relkind in ('r', 'p', 'm') and c.relispopulated
	join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
	join known as k on k.schemaname = n.nspname and k.tablename = c.relname order by 1, 2, 3`

// knownOf is a table of which the server knows something by heart.
type knownOf struct {
	Schema, Table    string
	Inherited, Whole bool
}

func (k knownOf) name() liveschema.Name { return liveschema.Name{Schema: k.Schema, Table: k.Table} }

// forget takes away what the server knows by heart of tables that have no rows any more: of those it takes no new samples, and
// would know the last rows for good. A superuser deletes the samples. An owner can only make the columns anew, as the type
// that they have, which the server lets nobody do to partitions, heirs and views: those are left for verify to name.
func forget(ctx context.Context, on *session.Session, tables []liveschema.Name) error {
	rows, err := on.Query(ctx, heard, written(tables))
	if err != nil {
		return fmt.Errorf("looking for statistics: %w", err)
	}

	known, err := pgx.CollectRows(rows, pgx.RowToStructByPos[knownOf])
	if err != nil {
		return fmt.Errorf("looking for statistics: %w", err)
	}

	var super bool
	if err := on.QueryRow(ctx, "select rolsuper from pg_catalog.pg_roles where rolname = current_user").Scan(&super); err != nil {
		return fmt.Errorf("looking at rights: %w", err)
	}

	for _, one := range known {
		if !super && !one.Whole {
			continue
		}

		if err := forgetOne(ctx, on, one, super); err != nil {
			return fmt.Errorf("forgetting statistics of %s: %w", one.name(), err)
		}
	}

	return nil
}

// forgetOne does so in one transaction. Columns that cannot be made anew, since a view, a trigger or a rule names them or it
// takes too long each time, are left.
func forgetOne(ctx context.Context, on *session.Session, one knownOf, super bool) error {
	if empty, err := isEmpty(ctx, on, one); err != nil || !empty {
		return err
	}

	err := retried(ctx, func() error {
		err := on.InTx(ctx, "begin", func(ctx context.Context) error {
			if super {
				return deleteSamples(ctx, on, one)
			}

			return makeAnew(ctx, on, one)
		})
		if answer, ok := errors.AsType[*pgconn.PgError](err); ok && !crowded(answer) {
			return nil
		}

		return err
	})
	if tooLong(err) {
		return nil
	}

	return err
}

func isEmpty(ctx context.Context, on *session.Session, one knownOf) (empty bool, err error) {
	from := one.name().SQL()
	if !one.Inherited {
		from = "only " + from
	}

	if err := on.QueryRow(ctx, "select not exists (select from "+from+")").Scan(&empty); err != nil {
		return false, fmt.Errorf("looking for rows: %w", err)
	}

	return empty, nil
}

// ofColumns and ofSeveral are the samples of a table and its indexes, and those of several columns at once.
const (
	ofColumns = `delete from pg_catalog.pg_statistic where stainherit = $2 and starelid in (
		select $1::text::regclass::oid union select indexrelid from pg_catalog.pg_index where indrelid = $1::text::regclass)`
	ofSeveral = `delete from pg_catalog.pg_statistic_ext_data as d where stxoid in (
		select oid from pg_catalog.pg_statistic_ext where stxrelid = $1::text::regclass)
		and coalesce((pg_catalog.to_jsonb(d) ->> 'stxdinherit')::boolean, false) = $2`
)

func deleteSamples(ctx context.Context, on *session.Session, one knownOf) error {
	for _, statement := range []string{ofColumns, ofSeveral} {
		if _, err := on.Exec(ctx, statement, one.name().SQL(), one.Inherited); err != nil {
			return fmt.Errorf("deleting samples: %w", err)
		}
	}

	return nil
}

// anew makes the columns of a table anew as what they are: with their collation, and as they are stored.
const anew = `select 'alter table only ' || $1::text || ' ' || string_agg(format(
		'alter %1$I type %2$s%3$s, alter %1$I set storage %4$s%5$s',
		a.attname, format_type(a.atttypid, a.atttypmod),
		case when a.attcollation <> 0 then (select format(' collate %I.%I', n.nspname, l.collname) from pg_catalog.pg_collation as l
			join pg_catalog.pg_namespace as n on n.oid = l.collnamespace where l.oid = a.attcollation) end,
		case a.attstorage when 'p' then 'plain' when 'm' then 'main' when 'e' then 'external' else 'extended' end,
		case pg_catalog.to_jsonb(a) ->> 'attcompression' when 'p' then format(', alter %I set compression pglz', a.attname)
			when 'l' then format(', alter %I set compression lz4', a.attname) end), ', ' order by a.attnum)
	from pg_catalog.pg_attribute as a where a.attrelid = $1::text::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''`

// shortly are the limits of making columns anew, which locks the table, and those at the other end of its foreign keys, from
// everybody: nobody waits behind us longer than a fifth of a second for each lock that we wait for, no statement takes
// longer than a second, and the server does not wait for us, nor the end for a standby.
const shortly = "set local lock_timeout = '200ms'; set local statement_timeout = '1s'; " +
	"set local idle_in_transaction_session_timeout = '2s'; set local synchronous_commit = local"

// makeAnew has the server forget what it knew of the columns of a table that stays empty meanwhile, without touching a row. A crash
// leaves all as it was.
func makeAnew(ctx context.Context, on *session.Session, one knownOf) error {
	name := one.name().SQL()

	var statement string
	if err := on.QueryRow(ctx, anew, name).Scan(&statement); err != nil {
		return fmt.Errorf("reading columns: %w", err)
	}

	for _, step := range []string{shortly, "lock table only " + name + " in access exclusive mode"} {
		if _, err := on.Exec(ctx, step); err != nil {
			return fmt.Errorf("locking: %w", err)
		}
	}

	if empty, err := isEmpty(ctx, on, one); err != nil || !empty {
		return err
	}

	if _, err := on.Exec(ctx, statement); err != nil {
		return fmt.Errorf("making columns anew: %w", err)
	}

	return nil
}
