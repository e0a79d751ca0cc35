package drill

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"

	"steward/internal/content"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// filling is what the tests restore in place of an archive.
const filling = `create type public.mood as enum ('good', 'bad');
	create table public.kept as select n, 'row ' || n as text, 'good'::public.mood as mood from generate_series(1, 500) as n;
	create table public.changed as table public.kept; create table public.other as select n, 'other' as text, mood from public.kept`

// filled are how many tables that fills.
const filled = 3

// restoring is a scratch database without an archive.
func restoring(t *testing.T) *scratch {
	t.Helper()

	at := pgtest.Database(t)

	parsed, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}

	return &scratch{Driller: &Driller{Admin: at}, name: strings.TrimPrefix(parsed.Path, "/")}
}

// exec runs statements in the scratch database, each for itself, as pg_restore does.
func (s *scratch) exec(ctx context.Context, statements string) error {
	return s.asAdmin(ctx, func(ctx context.Context, db *postgres.DB) error {
		for statement := range strings.SplitSeq(statements, ";") {
			if _, err := db.Exec(ctx, statement); err != nil {
				return err
			}
		}

		return nil
	})
}

// until waits until so many tables were read ahead, by asking the server how it is.
func (s *scratch) until(ctx context.Context, ahead *content.Ahead, tables int) error {
	for ahead.Len() < tables {
		if err := s.exec(ctx, "select pg_sleep(0.01)"); err != nil {
			return err
		}
	}

	return nil
}

// Whatever a restore does to a table after it was read ahead, what is described is what
// it ends with, and not what was read.
//
//nolint:paralleltest // a transaction of another test, open meanwhile, would have a table read again, rightly
func TestWhatChangesAfterItWasReadAhead(t *testing.T) {
	for name, change := range map[string]string{
		"nothing":         "select 1",
		"rows updated":    "update public.changed set text = 'another' where n < 5",
		"rows moved":      "delete from public.changed where n = 1; insert into public.changed values (501, 'row 501', 'bad')",
		"column added":    "alter table public.changed add column more text default 'more'",
		"column dropped":  "alter table public.changed drop column text",
		"column altered":  "alter table public.changed alter column text type varchar(5) using 'x'",
		"label renamed":   "alter type public.mood rename value 'good' to 'fine'",
		"rewritten":       "vacuum full public.changed",
		"truncated":       "truncate public.changed",
		"replaced":        "drop table public.changed; create table public.changed as select n, 'new' as text, mood from public.kept",
		"swapped by name": "alter table public.changed rename to aside; alter table public.other rename to changed",
		"moved away":      "create schema away; alter table public.changed set schema away; alter table public.other rename to changed",
	} {
		t.Run(name, func(t *testing.T) {
			s, ahead := restoring(t), &content.Ahead{}

			err := s.readingAhead(t.Context(), ahead, func(ctx context.Context) error {
				return errors.Join(s.exec(ctx, filling), s.until(ctx, ahead, filled), s.exec(ctx, change))
			})
			if err != nil {
				t.Fatal(err)
			}

			helped, err := s.describe(t.Context(), ahead)
			if err != nil {
				t.Fatal(err)
			}

			alone, err := s.describe(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}

			for _, difference := range content.Compare(alone, helped) {
				t.Error(difference)
			}

			if helped.Rows() < 2*500 {
				t.Errorf("%d rows are described", helped.Rows())
			}
		})
	}
}

// A restore that fails ends the reading beside it; the failure is the restore's.
func TestAFailedRestoreEndsTheReadingAhead(t *testing.T) {
	t.Parallel()

	s, ahead, broken := restoring(t), &content.Ahead{}, errors.New("broken")

	err := s.readingAhead(t.Context(), ahead, func(ctx context.Context) error {
		return errors.Join(s.exec(ctx, filling), s.until(ctx, ahead, 1), broken)
	})
	if !errors.Is(err, broken) {
		t.Error(err)
	}

	alive := 1
	for alive > 0 {
		err := s.asAdmin(t.Context(), func(ctx context.Context, db *postgres.DB) error {
			return db.QueryRow(ctx, "select count(*) from pg_stat_activity where application_name = $1", s.name+aheadSuffix).Scan(&alive)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
