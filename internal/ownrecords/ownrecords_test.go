package ownrecords_test

import (
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

// put makes n mails with their keys, one a second, that end at the given instant.
func put(t *testing.T, db *postgres.DB, n int, ends time.Time) {
	t.Helper()

	for _, sql := range []string{
		`insert into mail (id, message_id, cause, letter, language, recipient, content, queued_at, next_at, give_up_at, ends_at)
			select id, id || '@a.example', id, 'test', 'en', '', '', $2, $2, $2, $2::timestamptz + interval '1 second' * n
			from (select n, 'mail_' || translate(lpad(n::text, 26, 'a'), '0189', 'vwxy') || '' as id from generate_series(1, $1) as n) as made`,
		`insert into case_keys (case_id, master, wrapped, made_at, ends_at)
			select id, 'm', decode(repeat('00', 72), 'hex'), queued_at, ends_at from mail where $1 > 0 and queued_at = $2`,
	} {
		if _, err := db.Exec(t.Context(), sql, n, ends); err != nil {
			t.Fatal(err)
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

// TestAFullDayIsGone fills a day's outbox, and lets it pass its end.
func TestAFullDayIsGone(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)

	const mails = 5500 // several batches, and a part of one
	put(t, db, mails, at())

	overdue := func(asOf time.Time, want int64) {
		t.Helper()

		if rows, err := ownrecords.Overdue(t.Context(), db, asOf); err != nil || rows != want {
			t.Errorf("%d rows are overdue, want %d: %v", rows, want, err)
		}
	}

	half := at().Add(mails / 2 * time.Second)
	overdue(half, mails)

	var told int64

	removed, err := ownrecords.Expire(t.Context(), db, half, func(rows int64) { told = rows })
	if err != nil || told != mails {
		t.Fatalf("%+v, told %d, %v", removed, told, err)
	}

	if want := []ownrecords.Removed{{"mail", mails / 2}, {"case_keys", mails / 2}}; !slices.Equal(removed, want) {
		t.Errorf("%+v", removed)
	}

	if got := count(t, db, "mail"); got != mails/2 {
		t.Errorf("%d mails are left", got)
	}

	overdue(half, 0)

	if removed, err := ownrecords.Expire(t.Context(), db, at().Add(24*time.Hour), func(int64) {}); err != nil || len(removed) != 2 {
		t.Errorf("%+v, %v", removed, err)
	}

	if count(t, db, "mail")+count(t, db, "case_keys") != 0 {
		t.Error("something is left")
	}

	if removed, err := ownrecords.Expire(t.Context(), db, at().Add(24*time.Hour), func(int64) {}); err != nil || removed != nil {
		t.Errorf("again: %+v, %v", removed, err)
	}
}
