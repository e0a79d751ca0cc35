package demoapp_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/dev/demoapp"
	"steward/internal/pgtest"
)

func TestSameSizeGivesSameRows(t *testing.T) {
	t.Parallel()
	first, second := hashes(t, open(t, filled(t, small))), hashes(t, open(t, filled(t, small)))
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two fills of one size differ (-first +second):\n%s", diff)
	}
	other := small
	other.Seed++
	third := hashes(t, open(t, filled(t, other)))
	for _, table := range []string{"app.users", "app.displays_2026_03", "app.leads", "app.notes", "large objects"} {
		if first[table] == third[table] {
			t.Errorf("%s is the same for another seed", table)
		}
	}
}

func TestFilledTellsWhatFillDid(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	want := demoapp.Size{Accounts: 2, Displays: 1, Seed: 1<<64 - 1, AsOf: time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)}
	if _, done, err := demoapp.Filled(t.Context(), url); done || err != nil {
		t.Errorf("without a schema: filled %v, error %v", done, err)
	}
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	if _, done, err := demoapp.Filled(t.Context(), url); done || err != nil {
		t.Errorf("without data: filled %v, error %v", done, err)
	}
	rows := map[string]int64{}
	if err := demoapp.Fill(t.Context(), url, want, func(table string, n int64) { rows[table] = n }); err != nil {
		t.Fatal(err)
	}
	if got, done, err := demoapp.Filled(t.Context(), url); err != nil || !done || got != want {
		t.Errorf("Filled = %+v, %v, %v, want %+v", got, done, err, want)
	}
	if rows["app.companies"] != 2 || rows["app.displays"] != 1 || rows["app.leads"] < 2 {
		t.Errorf("progress told of %v", rows)
	}
	if err := demoapp.Fill(t.Context(), url, want, nil); !errors.Is(err, demoapp.ErrFilled) {
		t.Errorf("a second fill: %v, want ErrFilled", err)
	}
}

func TestFillRefusesTooSmall(t *testing.T) {
	t.Parallel()
	for _, size := range []demoapp.Size{{}, {Accounts: 1, Displays: 9}, {Accounts: 2}} {
		if err := demoapp.Fill(t.Context(), "", size, nil); !errors.Is(err, demoapp.ErrSize) {
			t.Errorf("%+v: %v, want ErrSize", size, err)
		}
	}
}

// A fill that is stopped leaves nothing, and the next one works.
func TestFillIsAllOrNothing(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := demoapp.Fill(ctx, url, small, func(table string, _ int64) {
		if table == "app.leads" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("Fill = %v, want it cancelled", err)
	}
	conn := open(t, url)
	for _, table := range tableNames(t, conn) {
		if table == "app.schema_version" || table == "app.campaign_months" {
			continue
		}
		if n := query[int64](t, conn, `SELECT count(*) FROM `+table); n != 0 {
			t.Errorf("%s has %d rows", table, n)
		}
	}
	if err := demoapp.Fill(t.Context(), url, small, nil); err != nil {
		t.Errorf("filling after the stop: %v", err)
	}
}

func TestDisplaysAreWhereTheyBelong(t *testing.T) {
	t.Parallel()
	conn := open(t, filled(t, small))
	if n := query[int](t, conn, `SELECT count(*) FROM app.displays`); n != small.Displays {
		t.Errorf("%d displays, want %d", n, small.Displays)
	}
	empty := query[[]string](t, conn, `
		SELECT coalesce(array_agg(relname::text), '{}') FROM pg_class c JOIN pg_inherits i ON i.inhrelid = c.oid
		WHERE i.inhparent = 'app.displays'::regclass AND c.reltuples = 0`)
	if len(empty) > 0 {
		t.Errorf("empty partitions: %s", strings.Join(empty, ", "))
	}
	if n := query[int](t, conn, `SELECT count(*) FROM app.displays WHERE shown_at > $1`, demoapp.Epoch()); n != 0 {
		t.Errorf("%d displays are from the future", n)
	}
	// A product that goes on writes with its own sequences: none may hand out a number twice.
	for _, insert := range []string{
		`INSERT INTO app.users (company_id, email, "displayName", password_hash, created_at)
			VALUES (1, 'new@example.com', 'New', 'x', now()) RETURNING id`,
		`INSERT INTO app.audit_trail (action, at) VALUES ('x', now()) RETURNING id`,
		`INSERT INTO app.support_tickets (requester_email, subject, status, opened_at)
			VALUES ('new@example.com', 'x', 'open', now()) RETURNING id`,
	} {
		if id := query[int64](t, conn, insert); id <= int64(small.Accounts) {
			t.Errorf("a new row got number %d", id)
		}
	}
}
