package ownrecords_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"steward/internal/ownrecords"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func at() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// TestEveryTableWithEndDatesIsListed: a table that is not would keep its rows for ever.
func TestEveryTableWithEndDatesIsListed(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	var found []string
	if err := db.QueryRow(t.Context(), `select array_agg(table_name::text order by table_name) from information_schema.columns
		where table_schema = 'public' and column_name = 'ends_at'`).Scan(&found); err != nil {
		t.Fatal(err)
	}

	var listed []string
	for _, table := range ownrecords.Tables() {
		listed = append(listed, table.Name)
	}

	slices.Sort(listed)

	if !slices.Equal(found, listed) {
		t.Errorf("tables with ends_at: %v, in the list: %v", found, listed)
	}

	checkRights(t, db, listed)
}

// checkRights: the core role must be able to do it, and its scan must have an index.
func checkRights(t *testing.T, db *postgres.DB, tables []string) {
	t.Helper()

	for _, table := range tables {
		var may, indexed bool
		if err := db.QueryRow(t.Context(), `select has_table_privilege('steward_core', $1, 'select') and has_table_privilege('steward_core', $1, 'delete'),
			exists (select from pg_index join pg_attribute on attrelid = indrelid and attnum = indkey[0]
				where indrelid = $1::regclass and attname = 'ends_at')`, table).Scan(&may, &indexed); err != nil || !may || !indexed {
			t.Errorf("%s: the core role may %v, indexed %v, %v", table, may, indexed, err)
		}
	}
}

// rows is how many of each table end on the day: several batches, and a part of one.
const rows = 2500

// made gives, for each n up to $1, an id part and an end, spread over the 24 hours
// behind $2.
const made = ` from (select n, translate(lpad(n::text, 26, 'a'), '0189', 'vwxy') as id,
	$2::timestamptz + interval '1 day' * n / $1::int as ends, decode(repeat('00', 32), 'hex') as hash from generate_series(1, $1::int) as n) as made`

// fills has one statement for each table with end dates, in the order of their keys.
func fills() []struct{ table, sql string } {
	return []struct{ table, sql string }{
		{"idempotency_keys", `insert into idempotency_keys (owner, operation, key_hash, credential, body_mac, answer, made_at, ends_at)
			select id, 'create-account', hash, id, hash, '', $2::timestamptz - interval '30 days', ends`},
		{"access_log", `insert into access_log (at, staff, credential, role, operation, subject, ends_at)
			select $2::timestamptz - interval '1 year', 'stf_' || repeat('a', 26), 'tok_' || id, 'support', 'get-account', n::text, ends`},
		{"staff_tokens", `insert into staff_tokens (id, staff, made_by, secret_sha256, made_at, expires_at, ends_at)
			select 'tok_' || id, 'stf_' || repeat('a', 26), 'stf_' || repeat('a', 26), hash, $2::timestamptz - interval '1 year', $2::timestamptz - interval '1 day', ends`},
		{"api_keys", `insert into api_keys (id, app, label, scopes, secret_sha256, made_at, expires_at, ends_at)
			select 'key_' || id, 'app_' || id, 'app', '{accounts:read}', hash, $2::timestamptz - interval '1 year', $2::timestamptz - interval '1 day', ends`},
		{"tasks", `insert into tasks (id, kind, subject, role, opened_at, opened_by, due_at, done_at, done_by, outcome, ends_at)
			select 'tsk_' || id, 'account.delete', n::text, 'support', $2::timestamptz - interval '9 days', 'steward', $2::timestamptz - interval '6 days',
				$2::timestamptz - interval '8 days', 'stf_' || repeat('a', 26), 'refused', ends`},
		{"mail", `insert into mail (id, message_id, cause, letter, language, recipient, content, queued_at, next_at, give_up_at, ends_at)
			select 'mail_' || id, 'mail_' || id || '@a.example', id, 'test', 'en', '', '', $2, $2, $2, ends`},
		{"mail_events", `insert into mail_events (id, mail, kind, provider, reference, at, received_at, ends_at)
			select 'mev_' || id, 'mail_' || id, 'delivered', 'postmark', id, $2, $2, ends`},
		{"webhook_events", `insert into webhook_events (id, type, cause, body, at, ends_at)
			select 'whv_' || id, 'task.overdue', id, '{}', $2, ends`},
		{"webhook_deliveries", `insert into webhook_deliveries (id, event, endpoint, created_at, next_at, ends_at)
			select 'whd_' || id, 'whv_' || id, 'whe_' || repeat('a', 26), $2, $2, ends`},
		{"case_keys", `insert into case_keys (case_id, master, wrapped, made_at, ends_at)
			select 'mail_' || id, 'm', hash || hash, $2, ends`},
		{"erasures", `insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, stage, staged_at,
				ended_at, ends_at)
			select 'era_' || id, 'tsk_' || id, 'account.delete', true, 'account', n::text, 'enforce', 'en', 'steward', 'steward', $2, 'cancelled', $2, $2, ends`},
		{"holds", `insert into holds (id, kind, account, basis, set_act, set_at, until, released_at, ends_at)
			select 'hld_' || id, 'account', n::text, 'x', 'act_' || id, $2::timestamptz - interval '2 years', $2, $2, ends`},
	}
}

// fill fills every table with the rows of one day, and one task that waits for somebody.
func fill(t *testing.T, db *postgres.DB) {
	t.Helper()

	for _, sql := range []string{
		`insert into staff (id, handle, role, since) values ('stf_' || repeat('a', 26), 'support-1', 'support', now())`,
		`alter table staff_acts disable trigger staff_acts_begin`,
		`insert into webhook_endpoints (id, url, secret, created_by, created_at) values ('whe_' || repeat('a', 26), '', '', 'stf', now())`,
		`insert into tasks (id, kind, subject, role, opened_at, opened_by, due_at)
			values ('tsk_' || repeat('z', 26), 'account.delete', '1', 'support', now(), 'steward', now())`,
		`insert into tasks (id, kind, subject, role, opened_at, opened_by, due_at, done_at, done_by, outcome, ends_at)
			values ('tsk_' || repeat('y', 26), 'account.delete', '2', 'support', '2024-01-01', 'steward', '2024-01-02', '2024-01-02',
				'stf_' || repeat('a', 26), 'accepted', '2026-01-02')`,
		`insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at)
			values ('era_' || repeat('y', 26), 'tsk_' || repeat('y', 26), 'account.delete', true, 'account', '2', 'enforce', 'en', 'steward', 'steward',
				'2024-01-02', '2024-01-02')`,
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}

	// What holds were set by; the acts stay for good.
	if _, err := db.Exec(t.Context(), `insert into staff_acts (id, staff, credential, role, verb, object, input_sha256, at)
		select 'act_' || id, 'stf_' || repeat('a', 26), 'tok_' || id, 'lead', 'hold.set', 'hld_' || id, '', $2`+made, rows, at()); err != nil {
		t.Fatal(err)
	}

	for _, each := range fills() {
		if _, err := db.Exec(t.Context(), each.sql+made, rows, at()); err != nil {
			t.Fatalf("%s: %v", each.table, err)
		}
	}
}

func count(t *testing.T, db *postgres.DB, table string) (rows int) {
	t.Helper()

	if err := db.QueryRow(t.Context(), fmt.Sprintf(`select count(*) from %s`, table)).Scan(&rows); err != nil {
		t.Fatal(err)
	}

	return rows
}

// TestAFullDayIsGone fills every table with what ends on one day, and lets the day pass
// with the rights of the core role: at noon half of each is gone, at its end all.
func TestAFullDayIsGone(t *testing.T) {
	t.Parallel()

	url := pgtest.Steward(t)
	core := as(t, url, "steward_core")

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)
	fill(t, db)

	tables := len(ownrecords.Tables())
	if len(fills()) != tables {
		t.Fatalf("%d tables are filled of %d", len(fills()), tables)
	}

	for _, passed := range []struct {
		at      time.Time
		overdue int64
		left    int
	}{
		{at().Add(12 * time.Hour), rows / 2, rows / 2},
		{at().Add(24 * time.Hour), rows / 2, 0},
		{at().Add(48 * time.Hour), 0, 0},
	} {
		if found, err := ownrecords.Overdue(t.Context(), core, passed.at); err != nil || found != passed.overdue*int64(tables) {
			t.Errorf("%s: %d rows are overdue, %v", passed.at, found, err)
		}

		var told int64

		removed, err := ownrecords.Expire(t.Context(), core, passed.at, func(gone int64) { told = gone })
		if err != nil || told != passed.overdue*int64(tables) || len(removed) != min(int(passed.overdue), tables) {
			t.Fatalf("%+v, told %d, %v", removed, told, err)
		}

		if found, err := ownrecords.Overdue(t.Context(), core, passed.at); err != nil || found != 0 {
			t.Errorf("%s: %d rows are left overdue, %v", passed.at, found, err)
		}

		for _, table := range ownrecords.Tables() {
			left := passed.left

			switch table.Name {
			case "tasks":
				left += 2 // the one that waits, and the one that an open erasure was asked for by
			case "erasures":
				left++ // the open one
			}

			if got := count(t, db, table.Name); got != left {
				t.Errorf("%s: %d rows of %s, want %d", passed.at, got, table.Name, left)
			}
		}
	}
}

// busy stands for others who change a row of a batch while it is being removed: that one
// stays, for a later statement.
type busy struct {
	postgres.Queryer

	seen map[string]bool
}

// Exec implements postgres.Queryer.
func (b busy) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if most, ok := args[1].(int); ok && !b.seen[sql] {
		b.seen[sql] = true
		args = []any{args[0], most - 1}
	}

	return b.Queryer.Exec(ctx, sql, args...)
}

// TestABatchThatIsShortIsNotTheLast: one row that was changed meanwhile leaves no
// thousands behind it for the next hour.
func TestABatchThatIsShortIsNotTheLast(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	fill(t, db)

	removed, err := ownrecords.Expire(t.Context(), busy{db, map[string]bool{}}, at().Add(24*time.Hour), func(int64) {})
	if err != nil {
		t.Fatal(err)
	}

	for _, each := range removed {
		if each.Rows != rows {
			t.Errorf("%d of %d rows of %s went", each.Rows, rows, each.Table)
		}
	}
}
