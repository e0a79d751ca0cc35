package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"steward/internal/doctor"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/keys"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// firms is a data map of one table.
const firms = `version: 1
databases:
  - name: app
    account: {table: public.firms, key: id, close: select $1, reopen: select $1}
    tables:
      public.firms:
        category: company
        role: controller
        rows: delete
        columns: {erase: [name], not_personal: [id]}
`

// What erasing needs is looked at with the login that erases, and how the open cases stand
// with the rights of the core role.
func TestWhatErasingNeeds(t *testing.T) {
	at, app := pgtest.Steward(t), pgtest.Database(t)
	dir, keysDir, hit := t.TempDir(), t.TempDir(), ids.New("era")
	file := filepath.Join(dir, "datamap.yaml")

	run := func(url, sql string, args ...any) {
		t.Helper()

		db, err := postgres.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()

		if _, err := db.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}

	write := func(path, text string) {
		t.Helper()

		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}

	look := func(name string) doctor.Check {
		t.Helper()

		return find(t, visitMessages(t, func(d *doctor.Doctor) {
			d.Policy.Promises.Erasure, d.Config.DataMap, d.Config.KeysDir = &policy.Erasure{}, file, keysDir
			d.Config.StewardDatabase = pgtest.Member(t, at, "steward_core")
		}), "erasures", name)
	}
	saw := func(name string, state doctor.State, code failure.Code, says string) {
		t.Helper()

		if check := look(name); check.State != state || check.Code != code || !strings.Contains(check.Says, says) {
			t.Errorf("%+v, not %s %s %q", check, state, code, says)
		}
	}

	if check := find(t, visitMessages(t, func(d *doctor.Doctor) { d.Policy.Promises.Erasure = nil }), "erasures", "cases"); check.State != doctor.Skipped {
		t.Errorf("%+v", check)
	}

	t.Setenv("APP_ERASE_DATABASE_URL", "")
	run(at, `with put as (select set_config('session_replication_role', 'replica', true)), era as (
			insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at, stage, stopped_in,
				code, tombstone)
			select $1, $1, 'account_delete', true, 'person', '', 'enforce', 'en', 'a', 'a', now(), current_timestamp, 'blocked', 'waiting', 'remainders_found', $1 from put)
		insert into erasure_remainders (erasure, store, place, why, rows, at) select $1, 'residue/' || d, 'public.notes.body', 'x', 1, now()
			from unnest(array['app', 'shop']) as d, put`, hit)
	saw("data map", doctor.Fail, failure.ConfigInvalid, "")
	write(file, firms)
	run(app, "create table firms (id int primary key, name text)")
	saw("data map", doctor.OK, "", "1 databases")
	saw("residue", doctor.Warn, "", "shop (1 cases)")

	if check := look("residue"); !strings.Contains(check.Hint, "Name it in the data map again") || !strings.Contains(check.Hint, "steward erase retry") {
		t.Errorf("%+v", check)
	}

	run(at, "delete from erasure_remainders where store = 'residue/shop'")
	saw("residue", doctor.OK, "", "nothing was found in a database that nobody looks through")
	run(at, `delete from erasure_remainders`)
	run(at, `with put as (select set_config('session_replication_role', 'replica', true)) delete from erasures using put`)
	saw("eraser of app", doctor.Skipped, "", "is not set here")

	t.Setenv("APP_ERASE_DATABASE_URL", app)
	saw("eraser of app", doctor.OK, "", "may do what it must")
	run(app, "alter table firms add column mail text")
	saw("eraser of app", doctor.Fail, failure.MapUnfit, "")

	write(filepath.Join(keysDir, keys.ReplayIdentity), "no identity")

	if check := look(keys.ReplayIdentity); check.State != doctor.Fail || strings.Contains(check.Says, "no identity") {
		t.Errorf("%+v", check)
	}

	saw("cases", doctor.OK, "", "or is overdue")

	const cases, days = "cases", "days of cases"

	for _, c := range []struct {
		check               string
		stage, staged, gone string
		why                 failure.Code
		state               doctor.State
		code                failure.Code
		says                string
	}{
		{days, "waiting", "900 h", "", failure.NoConnector, doctor.OK, "", "gone; 1 wait for places that nothing connects with (no_connector)"},
		{days, "waiting", "23 h", "", failure.CopyUndeclared, doctor.OK, "", "none waits for more than a day"},
		{cases, "waiting", "23 h", "", failure.CopyUndeclared, doctor.OK, "", "is overdue"},
		{days, "waiting", "25 h", "", failure.CopyUndeclared, doctor.Warn, "", "nobody can say since 25h"},
		{cases, "blocked", "9 h", "infinity", "", doctor.Warn, "", "1 are blocked"},
		{days, "blocked", "9 h", "infinity", "", doctor.Warn, "", "nobody can say since 25h"}, // the one that waits, still
		{cases, "executing", "7 h", "infinity", "", doctor.Fail, failure.PromiseBroken, "has not gone on for 7h"},
		{cases, "waiting", "90 h", "-25 h", "", doctor.Fail, failure.PromiseBroken, "has not ended"},
	} {
		id := ids.New("era")
		run(at, `with put as (select set_config('session_replication_role', 'replica', true))
			insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at, stage, stopped_in, gone_by, tombstone)
			select $1, $1, 'account_delete', true, 'person', '', 'enforce', 'en', 'a', 'a', now() - $3::interval, now() - $3::interval, $2,
				case when $2 = 'blocked' then 'closing' else '' end, case when $2 = 'waiting' then now() + nullif($4, '')::interval end,
				case when $2 in ('executing', 'waiting') then $1 end from put`, id, c.stage, c.staged, strings.Replace(c.gone, "infinity", "0 h", 1))

		if c.why != "" {
			run(at, `insert into erasure_stores (erasure, store, outcome, code, erased_at) values ($1, 'a store', 'failed', $2, now())`, id, c.why)
		}

		saw(c.check, c.state, c.code, c.says)
	}
}
