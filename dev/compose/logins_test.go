package compose_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/dev/compose"
	"steward/internal/pgtest"
	"steward/internal/schema"
)

// refused is PostgreSQL's insufficient_privilege, which the triggers of the migrations raise too.
const refused = "42501"

// initialised is a new cluster in which the script has run as the image runs it; it gives the URL of a login to a database.
func initialised(t *testing.T) func(login, database string) string {
	t.Helper()
	cluster := pgtest.Own(t)
	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}
	script := exec.CommandContext(t.Context(), "bash", "postgres-init.sh")
	script.Env = append(os.Environ(), compose.Environment()...)
	script.Env = append(script.Env, "PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"),
		"PGHOST=127.0.0.1", fmt.Sprintf("PGPORT=%d", cluster.Port()))
	if output, err := script.CombinedOutput(); err != nil {
		t.Fatalf("postgres-init.sh: %v\n%s", err, output)
	}
	return func(login, database string) string {
		at, err := url.Parse(cluster.URL(database))
		if err != nil {
			t.Fatal(err)
		}
		at.User = url.User(login)
		return at.String()
	}
}

// execute runs one statement as whoever the URL names.
func execute(ctx context.Context, address, statement string) (err error) {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	if _, err = conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("executing: %w", err)
	}
	return nil
}

// beforeErasures makes of a new cluster one of before the role that erases: the owner can not migrate it, until whoever
// administers it did what docs/production.md says.
func beforeErasures(t *testing.T, at func(login, database string) string) {
	t.Helper()
	page, err := os.ReadFile(root + "/docs/production.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "<<'SQL'\n")
	statements, _, ends := strings.Cut(rest, "\n    SQL\n")
	if !found || !ends {
		t.Fatal("docs/production.md does not say how to add the role")
	}
	const undo = `drop owned by steward_erase_login; drop role steward_erase_login; drop role steward_erase`
	for statement := range strings.SplitSeq(undo, ";") {
		if err := execute(t.Context(), at("postgres", "steward"), statement); err != nil {
			t.Fatal(err)
		}
	}
	var answer *pgconn.PgError
	if _, err := schema.Migrate(t.Context(), at("steward_owner", "steward")); !errors.As(err, &answer) || answer.Code != refused {
		t.Fatalf("migrating without the role: %v", err)
	}
	for statement := range strings.SplitSeq(strings.ReplaceAll(statements, ":'password'", "'x'"), ";") {
		if err := execute(t.Context(), at("postgres", "steward"), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

const (
	backupID = "bkp_aaaaaaaaaaaaaaaaaaaaaaaaaa"
	opens    = `insert into backups (id, database, day, attempt, owner, beat_at, opened_at)
		values ('` + backupID + `', 'app', '2026-11-22', 'att_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'w', now(), now())`
	takes  = `update backups set state = 'taken', taken_at = now(), manifest_sha256 = 'x'`
	proves = `update backups set state = 'drilled', drilled_at = now()`
	tells  = `insert into ledger.entries (id, kind, at, body) values ('led_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'act.intended', now(), '{}')`
	audits = `insert into promise_audits (at, kept, at_risk, broken, states) values (now(), 1, 0, 0, '[]')`
)

// Setup migrates with the owner's login, and each worker does its own step of a backup and no other's. The steps stand in
// the order in which they happen.
func TestLoginsOfTheCompose(t *testing.T) {
	t.Parallel()
	at := initialised(t)
	const owner, core, backup, drill, api = "steward_owner", "steward_core_login", "steward_backup_login", "steward_drill_login", "steward_api_login"
	const erase = "steward_erase_login"
	beforeErasures(t, at)
	if _, err := schema.Migrate(t.Context(), at(owner, "steward")); err != nil {
		t.Fatal("migrating as the owner:", err)
	}
	for _, step := range []struct {
		name, login, database, statement string
		refused                          bool
	}{
		{"the backup login opens", backup, "steward", opens, false},
		{"the owner takes", owner, "steward", takes, true},
		{"the drill takes", drill, "steward", takes, true},
		{"the core takes", core, "steward", takes, true},
		{"the backup login takes", backup, "steward", takes, false},
		{"the backup login proves", backup, "steward", proves, true},
		{"the owner proves", owner, "steward", proves, true},
		{"the drill proves", drill, "steward", proves, false},
		{"the core audits", core, "steward", audits, false},
		{"the drill audits", drill, "steward", audits, true},
		{"the backup login reads everything", backup, "steward", "select from ledger.entries, ledger.segments, promise_audits", false},
		{"the API opens", api, "steward", opens, true},
		{"the API reads the ledger", api, "steward", "select body from ledger.entries", true},
		{"the API tells of an act", api, "steward", tells, false},
		{"the eraser opens", erase, "steward", opens, true},
		{"the eraser reads the ledger", erase, "steward", "select body from ledger.entries", true},
		{"the eraser counts", erase, "steward", "select from erasure_subjects, erasure_frozen", false},
		{"the drill reads who is erased", drill, "steward", "select from erasure_subjects", true},
		{"the eraser looks into Temporal", erase, "temporal", "select 1", true},
		{"the owner joins the eraser", owner, "steward", "grant steward_erase to steward_owner", true},
		{"the owner joins the drill", owner, "steward", "grant steward_drill to steward_owner", true},
		{"the core looks into Temporal", core, "temporal", "select 1", true},
		{"Temporal looks into the evidence", "temporal", "steward", "select 1", true},
	} {
		err := execute(t.Context(), at(step.login, step.database), step.statement)
		var answer *pgconn.PgError
		if step.refused != (errors.As(err, &answer) && answer.Code == refused) || !step.refused && err != nil {
			t.Errorf("%s: %v, wanted refused: %v", step.name, err, step.refused)
		}
	}
	for _, login := range []string{owner, core, backup, drill, api, erase} {
		if pending, err := schema.Pending(t.Context(), at(login, "steward")); pending != 0 || err != nil {
			t.Errorf("pending migrations, seen by %s: %d, %v", login, pending, err)
		}
	}
}
