package drill_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"steward/internal/backuptest"
	"steward/internal/pgtest"
)

// maxName is what PostgreSQL keeps of an identifier, in bytes.
const maxName = 63

// nastyNames hold every byte of ASCII from 1 to 127 in identifiers of full
// length, and what programs stumble over: quotes, comments, keywords, what looks
// like another name, psql's commands.
func nastyNames() []string {
	var all strings.Builder
	for char := byte(1); char < 128; char++ {
		all.WriteByte(char)
	}

	text := all.String()

	return []string{
		text[:45], text[45:90], text[90:], " ", " a ", `"`, `""`, `"x"`, `'`, `\`, `\'`, `a"b'c\d`, "--", "/*", "*/", "$$", ";", "%s%n", ":x", "@", "#",
		"select", "table", "user", "Public", "NULL", "Mixed Case", "mixed case", "UPPER", "a.b", "a b", "a", "A", "-1", "1", "x\ny", "x\r\ny", "\n", "\t",
		`\restrict x`, `\unrestrict x`, `\! true`, "x\n\\! true", "CREATE ROLE evil;", "TABLE DATA x", "SCHEMA - a b", strings.Repeat("w", maxName), "höß ✓ щ",
	}
}

// randomNames are more of them, by seed.
func randomNames(seed int) []string {
	name := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune(`"'\ ;.$-/*:%`+"\n\t")), rapid.Rune(), rapid.Map(rapid.IntRange(1, 127),
		func(char int) rune { return rune(char) })), 1, 20, maxName).Filter(func(name string) bool {
		return !strings.ContainsRune(name, 0) && !strings.HasPrefix(name, "pg_")
	})

	return rapid.SliceOfNDistinct(name, 12, 12, rapid.ID[string]).Example(seed)
}

// named makes one of every kind of thing with this name: as what it is called, as
// what it says, and as who owns it.
func named(name string) string {
	literal := "'" + strings.ReplaceAll(name, "'", "''") + "'"

	return strings.NewReplacer("NAME", pgx.Identifier{name}.Sanitize(), "TEXT", literal).Replace(`
create role NAME;
create schema NAME authorization NAME;
set role NAME;
create type NAME.NAME as enum (TEXT, 'other');
create domain NAME."domain" as text constraint NAME check (value <> TEXT);
create sequence NAME."s";
create function NAME.NAME(NAME int default 1) returns text language sql as $body$ select TEXT::text $body$;
create function NAME."trigger"() returns trigger language plpgsql as $body$ begin return new; end $body$;
create table NAME."t" (NAME int constraint NAME primary key, "of" NAME.NAME default TEXT, "text" text default TEXT,
	constraint "check" check ("text" <> TEXT));
create table NAME."parts" (NAME int) partition by list (NAME);
create table NAME."part 1" partition of NAME."parts" for values in (1);
create index "index" on NAME."t" ("text") where "text" <> TEXT;
create view NAME."view" as select NAME, "text" as "as" from NAME."t";
create materialized view NAME."seen" as select NAME from NAME."t";
create trigger NAME before insert on NAME."t" for each row execute function NAME."trigger"();
create rule NAME as on delete to NAME."view" do instead nothing;
create policy NAME on NAME."t" to NAME using (NAME > 1);
create statistics NAME."both" on NAME, "text" from NAME."t";
comment on table NAME."t" is TEXT; comment on column NAME."t".NAME is TEXT; comment on schema NAME is TEXT;
comment on constraint NAME on NAME."t" is TEXT; comment on function NAME.NAME(int) is TEXT; comment on trigger NAME on NAME."t" is TEXT;
grant select (NAME) on NAME."t" to public; grant execute on function NAME.NAME(int) to public;
insert into NAME."t" values (1, TEXT, TEXT || 'x'); insert into NAME."parts" values (1);
reset role;
`)
}

// statements make everything under each of the names.
func statements(names []string) string {
	var sql strings.Builder
	for i, name := range names {
		sql.WriteString(strings.ReplaceAll(named(name), "$body$", fmt.Sprintf("$body%d$", i)))
	}

	return sql.String()
}

// random is one line that pg_dump makes anew each time.
var random = regexp.MustCompile(`(?m)^\\(un)?restrict [A-Za-z0-9]+$`)

// schemaOf is what pg_dump says of a database's definitions.
func schemaOf(t *testing.T, at string) string {
	t.Helper()

	bin, err := pgtest.Bin()
	if err != nil {
		t.Fatal(err)
	}

	output, err := exec.CommandContext(t.Context(), filepath.Join(bin, "pg_dump"), "--schema-only", "--dbname="+at).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}

	return random.ReplaceAllString(string(output), `\${1}restrict`)
}

// database makes one with this name in the cluster and gives its URL.
func database(t *testing.T, cluster *pgtest.Cluster, name string) string {
	t.Helper()
	backuptest.Exec(t, cluster.URL("postgres"), "create database "+pgx.Identifier{name}.Sanitize())

	at, err := url.Parse(cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}

	at.Path = "/" + name

	return at.String()
}

// restoredSchema lets a drill tell, at the moment before its comparison, what
// pg_dump says of the scratch database.
func restoredSchema(t *testing.T, b *backuptest.Bench, id string) string {
	t.Helper()

	row := b.Row(t, id)
	suffix, _ := strings.CutPrefix(row.Attempt, "att_")

	scratch, err := url.Parse(b.Driller.Admin)
	if err != nil {
		t.Fatal(err)
	}

	scratch.Path = "/drill_" + suffix
	restored := ""

	b.Driller.Progress = func(phase string, _ int64) {
		if phase == "compare" && restored == "" {
			restored = schemaOf(t, scratch.String())
		}
	}
	defer func() { b.Driller.Progress = nil }()

	if _, err := b.Driller.Drill(t.Context(), id); err != nil {
		t.Errorf("the drill refuses it: %v", err)
	}

	return restored
}

// The second oracle: what pg_dump says of the source and of its restore is the
// same text, whatever things are called. It shares nothing with the hashes that
// the drill compares.
func TestTheRestoredSchemaIsTheSameText(t *testing.T) { //nolint:tparallel // the cases share the bench
	t.Parallel()

	// Roles of such names would be in the manifest of every other test.
	cluster := pgtest.Own(t)

	b := backuptest.New(t, backuptest.Small)
	b.Driller.Admin = pgtest.OwnDrill(t)

	seeds := 1
	if os.Getenv("STEWARD_SOAK") != "" {
		seeds = 20
	}

	backuptest.Exec(t, cluster.URL("postgres"), "create role drilltest_owner; create role \"drilltest Super\" superuser")

	sources := map[string]string{
		"one of everything": strings.NewReplacer("create role drilltest_owner;", "", `create role "drilltest Super" superuser;`, "",
			// The restoring role does not own extensions, so their comments stay behind.
			"comment on extension citext is 'a comment of our own';", "").Replace(source),
		// The drill makes the schemas of extensions; one beside them whose name begins
		// with theirs is the restore's.
		"all of ASCII": statements(nastyNames()) + `create schema ext; create extension cube schema ext;
			create schema "ext x"; create table "ext x".t (n int); create schema "ext postgres"; create table "ext postgres".t (n int);
			create schema "e` + "\n" + `x"; create extension hstore schema "e` + "\n" + `x"; create table "ext x".h (h "e` + "\n" + `x".hstore);`,
	}

	for seed := range seeds {
		sources[fmt.Sprintf("random names %d", seed)] = statements(randomNames(seed))
	}

	day := 0

	for name, sql := range sources {
		t.Run(name, func(t *testing.T) {
			day++
			// No newline: PostgreSQL's own programs refuse that in the name of a database.
			b.Taker.Source = database(t, cluster, fmt.Sprintf("db %d %s", day, ` "'\%&?#/=:@;$x`))
			exec1(t, b.Taker.Source, sql)

			id := b.Take(t, fmt.Sprintf("2026-11-%02d", day)).ID
			restored := restoredSchema(t, b, id)

			if diff := cmp.Diff(strings.Split(schemaOf(t, b.Taker.Source), "\n"), strings.Split(restored, "\n")); diff != "" {
				t.Error(diff)
			}

			if strings.Count(restored, "CREATE TABLE") < 3 {
				t.Errorf("there is little to compare: %s", restored)
			}

			b.CheckNothingLeft(t)
			// Its roles are those of the next case too; without its database they own nothing.
			dropAll(t, cluster, b.Taker.Source)
		})
	}
}

// exec1 runs statements and names the one that is wrong.
func exec1(t *testing.T, at, sql string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))

	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%v in\n%s", err, sql)
	}
}

// dropAll drops a database and the roles of the names in it.
func dropAll(t *testing.T, cluster *pgtest.Cluster, at string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), cluster.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))

	config, err := pgx.ParseConfig(at)
	if err != nil {
		t.Fatal(err)
	}

	if _, err := conn.Exec(t.Context(), "drop database "+pgx.Identifier{config.Database}.Sanitize()); err != nil {
		t.Fatal(err)
	}

	rows, err := conn.Query(t.Context(), `select rolname from pg_roles where rolname not like 'pg\_%' and rolname <> current_user and rolname not like 'drilltest%'`)
	if err != nil {
		t.Fatal(err)
	}

	roles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}

	for _, role := range roles {
		if _, err := conn.Exec(t.Context(), "drop role "+pgx.Identifier{role}.Sanitize()); err != nil {
			t.Fatal(err)
		}
	}
}
