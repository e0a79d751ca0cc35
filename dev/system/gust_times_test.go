package system_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"steward/dev/harness"
)

// kept is one kind of backup that is kept and pruned.
type kept struct {
	table, exceptions, set string // of the steward database
	prune                  func(context.Context, *harness.World) error
	backup                 func(context.Context, *harness.World) error
}

//nolint:gochecknoglobals // a table of two
var (
	databases = kept{
		"backups", "backup_exceptions", "database",
		func(ctx context.Context, world *harness.World) error { _, err := world.Prune(ctx); return err },
		func(ctx context.Context, world *harness.World) error { _, err := world.Backup(ctx, "app"); return err },
	}
	files = kept{
		"file_backups", "file_exceptions", "fileset",
		func(ctx context.Context, world *harness.World) error { _, err := world.PruneFiles(ctx); return err },
		func(ctx context.Context, world *harness.World) error { _, err := world.BackupFiles(ctx); return err },
	}
)

// sql puts the names of a kind into a statement.
func (k kept) sql(text string) string {
	return strings.NewReplacer("$table", k.table, "$exceptions", k.exceptions, "$set", k.set).Replace(text)
}

// count is how many proven ones are kept.
func (k kept) count(ctx context.Context, world *harness.World) (int, error) {
	rows, err := harness.Rows(ctx, world.StewardURL, k.sql(`select id from $table where state = 'drilled'`))
	return len(rows), err
}

// enough makes backups in peace until one can go and another stays.
func (g *gust) enough(ctx context.Context, of kept) error {
	for {
		have, err := of.count(ctx, g.World)
		if err != nil || have > 1 {
			return err
		}
		if err := errors.Join(g.until(ctx, g.Now().Add(day)), of.backup(ctx, g.World)); err != nil {
			return err
		}
	}
}

// due is when the next of a kind must go, zero if there is none: at the end of its
// time, or, if it stays beyond that, as soon as a younger one is proven. A prune comes
// every hour; here it comes a minute later.
func (g *gust) due(ctx context.Context, of kept) (time.Time, error) {
	rows, err := harness.Rows(ctx, g.StewardURL, of.sql(`select to_char(coalesce(snapshot_at, opened_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
		from $table as b where state <> 'pruned' and (not exists (select from $exceptions as e where e.backup_id = b.id and e.ended_at is null)
			or exists (select from $table as younger where younger.$set = b.$set and younger.state = 'drilled' and younger.snapshot_at > b.snapshot_at))
		order by coalesce(snapshot_at, opened_at) limit 1`))
	if err != nil || len(rows) == 0 {
		return time.Time{}, err
	}
	from, err := time.Parse(time.RFC3339, rows[0])
	if err != nil {
		return time.Time{}, fmt.Errorf("reading a time: %w", err)
	}
	return from.Add(7*day + time.Minute), nil
}

// just goes on to an instant, before what else is due then goes.
func (g *gust) just(ctx context.Context, at time.Time) error {
	if at.IsZero() {
		return errors.New("nothing is ever past its time")
	}
	err := g.until(ctx, at.Add(-time.Second))
	if ahead := at.Sub(g.Now()); err == nil && ahead > 0 {
		err = g.Move(ahead)
	}
	return err
}

// until lets time go on to the given instant. What is past its time on the way goes
// then, in peace, as in any other night.
func (g *gust) until(ctx context.Context, target time.Time) error {
	for {
		next, which := time.Time{}, databases
		for _, of := range []kept{databases, files} {
			at, err := g.due(ctx, of)
			if err != nil {
				return err
			}
			if !at.IsZero() && (next.IsZero() || at.Before(next)) {
				next, which = at, of
			}
		}
		if next.IsZero() || next.After(target) {
			if ahead := target.Sub(g.Now()); ahead > 0 {
				return g.Move(ahead)
			}
			return nil
		}
		if ahead := next.Sub(g.Now()); ahead > 0 {
			if err := g.Move(ahead); err != nil {
				return err
			}
		}
		if err := which.prune(ctx, g.World); err != nil {
			return err
		}
		after, err := g.due(ctx, which)
		if err != nil {
			return err
		}
		if after.Equal(next) {
			return fmt.Errorf("%s of which the time was over at %s were not removed", which.table, next.Format(time.RFC3339))
		}
	}
}
