package filecatalogue_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const (
	aBackup = `insert into file_backups (id, fileset, day, state, attempt, owner, opened_at, beat_at, snapshot_at, manifest_sha256)
		values ('fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', '2020-01-01', 'running', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', '2020-01-01', '2020-01-01', now(), 'x')`
	opened = `insert into file_backups (id, fileset, day, attempt, owner, opened_at, beat_at)
		values ('fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', '2020-01-01', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', '2020-01-01', '2020-01-01')`
	provenContent = `insert into file_contents (id, fileset, source, object, claimed_by, first_at, newest_at, drilled_at)
		values ('cnt_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', sha256('x'), 'x', 'att', now(), '2020-01-02', '2020-01-02')`
	aContent = `insert into file_contents (id, fileset, source, object, claimed_by, first_at, newest_at)
		values ('cnt_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', sha256('x'), 'x', 'att', now(), now())`
	toTaken     = `update file_backups set state = 'taken'`
	toDrilled   = `update file_backups set state = 'drilled', drilled_at = now()`
	toBad       = `update file_backups set state = 'bad'`
	stored      = `update file_contents set generation = 1, bytes = 1, sha256 = 'x', source_bytes = 1, crc32c = 1, plain_sha256 = 'x'`
	anException = `insert into file_exceptions (backup_id, cause, since, due_at) values ('fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'x', now(), now())`
	isMissing   = `insert into file_missing (name, generation, fileset, backup_id, missing_at)
		values ('x', 1, 'x', 'fbk_aaaaaaaaaaaaaaaaaaaaaaaaaa', now())`
	isOverdue = `insert into file_overdue (name, generation, fileset, due_at, cause, recorded_at) values ('x', 1, 'x', now(), 'x', now())`
	gone      = `update file_contents set doomed_at = now(), gone_at = now(), source = null, source_bytes = null, crc32c = null, plain_sha256 = null`
)

// What each role may do to the catalogue of files: the one that stores cannot claim
// a proof, the one that proves cannot store or remove, the core touches nothing. And
// what nobody may: bring back, change what is stored, shorten a time.
func TestRolesOfFilesAreBound(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	for _, c := range []struct {
		role    string
		before  []string
		sql     string
		allowed bool
	}{
		{"steward_backup", nil, opened, true},
		{"steward_backup", nil, aBackup, false},
		{"steward_backup", nil, provenContent, false},
		{"steward_backup", nil, aContent, true},
		{"steward_backup", []string{aBackup}, toTaken, true},
		{"steward_backup", []string{aBackup}, `update file_backups set state = 'drilled'`, false},
		{"steward_backup", []string{aBackup, toTaken}, `update file_backups set state = 'drilled'`, false},
		{"steward_backup", []string{aBackup, toTaken}, toBad, false},
		{"steward_backup", []string{aBackup, toTaken}, `update file_backups set drilled_at = now()`, false},
		{"steward_backup", []string{aBackup, toTaken, toDrilled}, `update file_backups set manifest_sha256 = 'y'`, false},
		{"steward_backup", []string{aBackup, toTaken, toDrilled}, `update file_backups set state = 'running'`, false},
		{"steward_backup", []string{aBackup, toTaken, toDrilled}, `update file_backups set state = 'pruned', pruned_at = now()`, true},
		{"steward_backup", []string{aBackup}, `update file_backups set fileset = 'y'`, false},
		{"steward_backup", []string{aBackup}, `delete from file_backups`, false},
		{"steward_backup", []string{aContent}, stored, true},
		{"steward_backup", []string{aContent, stored}, `update file_contents set sha256 = 'y'`, false},
		{"steward_backup", []string{aContent, stored}, `update file_contents set plain_sha256 = 'y'`, false},
		{"steward_backup", []string{aContent, stored}, `update file_contents set newest_at = newest_at + interval '1 day'`, true},
		{"steward_backup", []string{aContent, stored}, `update file_contents set newest_at = newest_at - interval '1 day'`, false},
		{"steward_backup", []string{aContent, stored}, `update file_contents set first_at = first_at + interval '1 second', newest_at = now() + interval '1 day'`, false},
		{"steward_backup", []string{aContent, stored}, `update file_contents set drilled_at = now()`, false},
		{"steward_backup", []string{aContent, stored}, `update file_contents set bad_at = now()`, false},
		{"steward_backup", []string{aContent, stored}, `update file_contents set gone_at = now()`, false},
		{"steward_backup", []string{aContent, stored}, gone, true},
		{"steward_backup", []string{aContent, stored, gone}, `update file_contents set claimed_by = 'other'`, false},
		{"steward_backup", []string{aContent, `update file_contents set doomed_at = now()`}, `update file_contents set doomed_at = null`, false},
		{"steward_backup", []string{aContent}, `delete from file_contents`, false},
		{"steward_backup", nil, `select salt from file_salt`, true},
		{"steward_backup", nil, `update file_salt set salt = sha256('x')`, false},
		{"steward_drill", []string{aBackup, toTaken}, toDrilled, true},
		{"steward_drill", []string{aBackup, toTaken}, toBad, true},
		{"steward_drill", []string{aBackup}, toDrilled, false},
		{"steward_drill", []string{aBackup, toTaken}, `update file_backups set manifest_sha256 = 'y'`, false},
		{"steward_drill", []string{aBackup, toTaken}, `update file_backups set state = 'pruned'`, false},
		{"steward_drill", []string{aBackup, toTaken, toBad}, toDrilled, false},
		{"steward_drill", nil, aBackup, false},
		{"steward_drill", nil, aContent, false},
		{"steward_drill", []string{aContent, stored}, `update file_contents set drilled_at = now()`, true},
		{"steward_drill", []string{aContent, stored, `update file_contents set drilled_at = now()`}, `update file_contents set drilled_at = null`, false},
		{"steward_drill", []string{aContent, stored, `update file_contents set bad_at = now()`}, `update file_contents set bad_at = null`, false},
		{"steward_drill", []string{aContent, stored}, `update file_contents set doomed_at = now()`, false},
		{"steward_drill", nil, `select salt from file_salt`, false},
		{"steward_core", nil, `select 1 from file_backups, file_objects, file_contents`, true},
		{"steward_core", nil, `select salt from file_salt`, false},
		{"steward_core", []string{aBackup}, toTaken, false},
		{"steward_core", []string{aContent}, `update file_contents set claimed_by = 'x'`, false},
		{"steward_core", nil, aContent, false},
		{"steward_backup", []string{aBackup}, anException, true},
		{"steward_backup", []string{aBackup, anException}, `update file_exceptions set ended_at = now(), ended_cause = 'x'`, true},
		{"steward_backup", []string{aBackup, anException}, `update file_exceptions set ended_at = now()`, false},
		{"steward_backup", []string{aBackup, anException}, `delete from file_exceptions`, false},
		{"steward_backup", []string{aBackup}, isMissing, true},
		{"steward_backup", []string{aBackup, isMissing}, `delete from file_missing`, false},
		{"steward_backup", []string{aBackup, isMissing}, `update file_missing set missing_at = now()`, false},
		{"steward_backup", nil, isOverdue, true},
		{"steward_backup", []string{isOverdue}, `update file_overdue set cause = 'x'`, false},
		{"steward_drill", []string{aBackup}, anException, false},
		{"steward_drill", nil, isOverdue, false},
		{"steward_core", []string{aBackup}, isMissing, false},
		{"steward_core", nil, `select 1 from file_exceptions, file_missing, file_overdue`, true},
	} {
		if err := as(t, at, c.role, c.before, c.sql); (err == nil) != c.allowed {
			t.Errorf("%s after %d steps: %s: %v", c.role, len(c.before), c.sql, err)
		} else if err != nil && strings.Contains(err.Error(), "syntax") {
			t.Error(err)
		}
	}
}

// as prepares rows as the owner, runs a statement as a role, and takes all back.
func as(t *testing.T, at, role string, before []string, sql string) error {
	t.Helper()

	ctx := context.WithoutCancel(t.Context())

	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)

	for _, each := range append(append([]string{"begin"}, before...), "set local role "+role) {
		if _, err := conn.Exec(ctx, each); err != nil {
			t.Fatal(each, err)
		}
	}

	_, err = conn.Exec(ctx, sql)

	return err
}
