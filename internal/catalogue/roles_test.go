package catalogue_test

import (
	"context"
	neturl "net/url"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/catalogue"
	"steward/internal/faults"
	"steward/internal/ledger"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func faulty(t *testing.T) context.Context {
	t.Helper()

	return faults.With(t.Context(), &faults.Counter{N: 1, Mode: faults.Before})
}

// What each role may do to the catalogue and its evidence, and above all what it
// may not: the one that dumps cannot claim a drill, the one that drills cannot
// make or remove a backup, the core touches neither.
func TestRolesAreBound(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	const (
		insert = `insert into backups (id, database, day, attempt, owner, opened_at, beat_at)
			values ('bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', '2020-01-01', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', now(), now())`
		proven = `insert into backups (id, database, day, attempt, owner, opened_at, beat_at, state, drilled_at, manifest_sha256)
			values ('bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', '2020-01-01', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', now(), '2020-01-01', 'drilled', '2020-01-01', 'x')`
		stored  = `insert into backup_objects (backup_id, attempt, name, kind, pruned_at) select id, attempt, 'x', 'archive', now() from backups`
		drilled = `update backups set state = 'drilled', drilled_at = now() where state = 'taken'`
	)

	for i, c := range []struct {
		role, state, sql string
		allowed          bool
	}{
		{"steward_backup", "running", insert, true},
		{"steward_backup", "running", proven, false},
		{"steward_backup", "running", stored, false},
		{"steward_backup", "running", `update backups set state = 'taken', manifest_sha256 = 'x' where state = 'running'`, true},
		{"steward_backup", "taken", drilled, false},
		{"steward_backup", "taken", `update backups set state = 'drilled' where state = 'taken'`, false},
		{"steward_backup", "taken", `update backups set state = 'bad' where state = 'taken'`, false},
		{"steward_backup", "taken", `update backups set drilled_at = now()`, false},
		{"steward_backup", "drilled", `update backups set state = 'running' where state = 'drilled'`, false},
		{"steward_backup", "drilled", `update backups set manifest_sha256 = 'other'`, false},
		{"steward_backup", "drilled", `update backups set beat_at = now()`, true},
		{"steward_backup", "drilled", `update backups set state = 'pruned', pruned_at = now()`, true},
		{"steward_backup", "running", `delete from backups`, false},
		{"steward_backup", "running", `update backups set day = '2020-01-01'`, false},
		{"steward_backup", "running", `insert into installation (installed_at) values (now())`, false},
		{"steward_drill", "taken", drilled, true},
		{"steward_drill", "taken", `update backups set state = 'bad', reason = 'x' where state = 'taken'`, true},
		{"steward_drill", "running", insert, false},
		{"steward_drill", "taken", `update backups set state = 'pruned'`, false},
		{"steward_drill", "taken", `update backups set state = 'running'`, false},
		{"steward_drill", "bad", `update backups set state = 'drilled', drilled_at = now()`, false},
		{"steward_drill", "taken", `update backups set manifest_sha256 = 'x'`, false},
		{"steward_drill", "taken", `delete from backups`, false},
		{"steward_drill", "taken", `update backup_objects set pruned_at = now()`, false},
		{"steward_drill", "taken", `insert into backup_exceptions (backup_id, cause, since, due_at) select id, 'x', now(), now() from backups`, false},
		{"steward_backup", "taken", `insert into backup_exceptions (backup_id, cause, since, due_at) select id, 'x', now(), now() from backups`, true},
		{"steward_backup", "taken", `insert into backup_missing (name, generation, backup_id, missing_at) select 'x', 1, id, now() from backups`, true},
		{"steward_backup", "taken", `delete from backup_missing`, false},
		{"steward_backup", "taken", `update backup_overdue set cause = 'x'`, false},
		{"steward_backup", "taken", `insert into operators (id, since) values ('opr_aaaaaaaaaaaaaaaaaaaaaaaaaa', now())`, false},
		{"steward_backup", "taken", `update operator_acts set intended_at = now()`, false},
		{"steward_core", "taken", `update operator_acts set input_sha256 = repeat('a', 64)`, false},
		{"steward_core", "taken", `update backup_exceptions set ended_at = now()`, false},
		{"steward_core", "taken", `insert into operators (id, since) values ('opr_aaaaaaaaaaaaaaaaaaaaaaaaaa', now())`, true},
		{"steward_core", "taken", `select 1 from backups`, true},
		{"steward_core", "taken", `update backups set reason = 'x'`, false},
		{"steward_core", "taken", insert, false},
		{"steward_core", "taken", drilled, false},
		{"steward_core", "taken", `delete from backup_objects`, false},
		{"steward_core", "taken", `insert into installation (installed_at) values (now())`, true},
	} {
		row := day(t, db, now.AddDate(0, 0, -i).Format("2006-01-02"))
		bring(t, db, row, c.state)

		if err := as(t, at, c.role, c.sql); (err == nil) != c.allowed {
			t.Errorf("%s on a backup that is %s: %s: %v", c.role, c.state, c.sql, err)
		}

		_, err := db.Exec(t.Context(), "delete from backups")
		must(t, err)
	}
}

// Each kind of evidence has one role that writes it, and logins that are members
// of a role are bound as the role is: whoever drills cannot say that a promise
// was kept, whoever dumps cannot say that a person was erased.
func TestEachKindOfEvidenceHasOneWriter(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), at)
	must(t, err)
	t.Cleanup(db.Close)

	writers := []string{"steward_core", "steward_backup", "steward_drill"}
	for _, writer := range writers {
		_, err := db.Exec(t.Context(), "create role one_"+writer+" login in role "+writer)
		must(t, err)
	}

	_, err = db.Exec(t.Context(), `create role one_of_two login in role steward_core, steward_backup;
		create role one_of_none login; grant usage on schema ledger to one_of_none; grant insert on ledger.entries to one_of_none`)
	must(t, err)

	for _, row := range ledger.Kinds() {
		owner := "steward_core"

		switch row.Kind {
		case ledger.BackupStored, ledger.BackupPruned, ledger.BackupSwept, ledger.BackupOverdue, ledger.BackupMissing,
			ledger.BackupExcepted, ledger.BackupExceptionEnded, ledger.BackupCeilingHonoured, ledger.FilesStored, ledger.FilesPruned,
			ledger.FilesSwept, ledger.FilesOverdue, ledger.FilesMissing, ledger.FilesExcepted, ledger.FilesExceptionEnded, ledger.FilesCeilingHonoured,
			ledger.BackupCopied, ledger.CopyPruned, ledger.CopySwept, ledger.CopyOverdue, ledger.CopyMissing, ledger.CopyExcepted,
			ledger.CopyExceptionEnded, ledger.CopyCeilingHonoured, ledger.CopyReplaced, ledger.CopyBucketGone:
			owner = "steward_backup"
		case ledger.BackupDrilled, ledger.BackupRefused, ledger.FilesDrilled, ledger.FilesRefused:
			owner = "steward_drill"
		default:
		}

		for login, allowed := range map[string]bool{
			"one_steward_core": owner == "steward_core", "one_steward_backup": owner == "steward_backup",
			"one_steward_drill": owner == "steward_drill", "one_of_two": owner != "steward_drill", "one_of_none": false,
		} {
			if err := appending(t, at, login, string(row.Kind)); (err == nil) != allowed {
				t.Errorf("%s writes %s: %v", login, row.Kind, err)
			}
		}
	}
}

// appending tries to write an entry through a login of its own, and undoes it.
func appending(t *testing.T, at, login, kind string) error {
	t.Helper()

	url, err := neturl.Parse(at)
	must(t, err)

	url.User = neturl.User(login)

	conn, err := pgx.Connect(t.Context(), url.String())
	must(t, err)
	defer conn.Close(t.Context())

	_, err = conn.Exec(t.Context(), "begin")
	must(t, err)

	_, refusal := conn.Exec(t.Context(), `insert into ledger.entries (id, kind, at, body)
		values ('led_aaaaaaaaaaaaaaaaaaaaaaaaaa', $1, now(), '{}')`, kind)

	return refusal
}

// bring leads a fresh row to a state.
func bring(t *testing.T, db *postgres.DB, row catalogue.Backup, state string) {
	t.Helper()

	row.SnapshotAt, row.TakenAt, row.ManifestSHA256 = now, now, "x"
	if state != "running" {
		must(t, catalogue.RecordTaken(t.Context(), db, row))
	}

	switch state {
	case "drilled":
		must(t, catalogue.RecordDrilled(t.Context(), db, row.ID, row.Attempt, now, 1))
	case "bad":
		must(t, catalogue.RecordBad(t.Context(), db, row.ID, row.Attempt, "x"))
	}
}

// as tries a statement in a role, and undoes it.
func as(t *testing.T, at, role, sql string) error {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	must(t, err)
	defer conn.Close(t.Context())

	_, err = conn.Exec(t.Context(), "begin; set local role "+role)
	must(t, err)

	_, refusal := conn.Exec(t.Context(), sql)

	_, err = conn.Exec(t.Context(), "rollback")
	must(t, err)

	return refusal
}
