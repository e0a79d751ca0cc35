package liveschema_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// run sends statements on a connection of its own.
func run(t *testing.T, at, sql string) {
	t.Helper()

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	defer conn.Close(t.Context())

	if _, err := conn.PgConn().Exec(t.Context(), sql).ReadAll(); err != nil {
		t.Fatalf("%.200s: %v", sql, err)
	}
}

func open(t *testing.T, at string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

// read gives the schema that statements make in an empty database.
func read(t *testing.T, sql string) liveschema.Schema {
	t.Helper()

	at := pgtest.Database(t)
	run(t, at, sql)

	schema, err := liveschema.Read(t.Context(), open(t, at), "app")
	if err != nil {
		t.Fatal(err)
	}

	return schema
}

// table finds a table by "schema.table".
func table(t *testing.T, schema liveschema.Schema, name string) liveschema.Table {
	t.Helper()

	for _, found := range schema.Tables {
		if found.Name.String() == name {
			return found
		}
	}

	t.Fatalf("no table %s", name)

	return liveschema.Table{}
}

// equal compares without what differs from run to run.
func equal(t *testing.T, got, want liveschema.Table) {
	t.Helper()

	options := cmp.Options{
		cmpopts.IgnoreFields(liveschema.Table{}, "OID", "Rows", "Bytes"), cmpopts.EquateEmpty(),
	}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Error(diff)
	}
}

const shop = `
create schema "Shop floor"; create schema b;
create table b.people2 (id bigint primary key);
create domain b.mail as text check (value like '%@%');
create domain b.work_mail as b.mail not null;
create domain b.code as varchar(12);
create type b.mood as enum ('glad', 'sad');
create table "Shop floor"."Cus""tomers" (
	"Id" bigint generated always as identity primary key,
	mail b.mail not null unique, code b.code, short varchar(40), letter char(3),
	"Mood" b.mood, tags text[], upper text generated always as (upper(code)) stored,
	owner bigint, check (short <> letter));
create unique index on "Shop floor"."Cus""tomers" (lower(short), code) nulls not distinct where letter is not null;
create index on "Shop floor"."Cus""tomers" (code, lower(short), letter);
create index on "Shop floor"."Cus""tomers" using gin (tags);
create table b.people (tenant bigint, id uuid, mail b.work_mail, boss uuid,
	primary key (tenant, id),
	constraint boss foreign key (tenant, boss) references b.people (tenant, id) match full on delete set null,
	constraint tenant foreign key (tenant) references "Shop floor"."Cus""tomers" on delete cascade);
alter table "Shop floor"."Cus""tomers" add constraint owner foreign key (owner) references b.people2 deferrable;
`

func TestAWholeTable(t *testing.T) {
	t.Parallel()

	schema := read(t, shop)

	equal(t, table(t, schema, `Shop floor.Cus"tomers`), liveschema.Table{
		Name: liveschema.Name{Schema: "Shop floor", Table: `Cus"tomers`}, Kind: liveschema.Ordinary,
		Columns: []liveschema.Column{
			{Name: "Id", Type: "bigint", Base: "bigint", Category: "N", NotNull: true, Identity: true},
			{Name: "mail", Type: "b.mail", Base: "text", Category: "S", NotNull: true, Checked: true},
			{Name: "code", Type: "b.code", Base: "character varying", Category: "S", Length: 12},
			{Name: "short", Type: "character varying(40)", Base: "character varying", Category: "S", Length: 40, Checked: true},
			{Name: "letter", Type: "character(3)", Base: "character", Category: "S", Length: 3, Checked: true},
			{Name: "Mood", Type: "b.mood", Base: "b.mood", Category: "E"},
			{Name: "tags", Type: "text[]", Base: "text[]", Category: "A"},
			{Name: "upper", Type: "text", Base: "text", Category: "S", Generated: true},
			{Name: "owner", Type: "bigint", Base: "bigint", Category: "N"},
		},
		Primary: []string{"Id"}, Unique: [][]string{{"mail"}},
		UniqueOver: [][]string{{"code", "letter", "short"}, {"mail"}, {"Id"}}, NullsAlike: [][]string{{"code", "letter", "short"}},
		Indexes: [][]string{{"code"}, {"mail"}, {"Id"}},
		Keys: []liveschema.ForeignKey{{
			Name: "owner", Columns: []string{"owner"}, To: liveschema.Name{Schema: "b", Table: "people2"}, ToColumns: []string{"id"},
			OnDelete: liveschema.NoAction, Deferrable: true,
		}},
	})

	people := liveschema.Name{Schema: "b", Table: "people"}
	equal(t, table(t, schema, "b.people"), liveschema.Table{
		Name: people, Kind: liveschema.Ordinary,
		Columns: []liveschema.Column{
			{Name: "tenant", Type: "bigint", Base: "bigint", Category: "N", NotNull: true},
			{Name: "id", Type: "uuid", Base: "uuid", Category: "U", NotNull: true},
			{Name: "mail", Type: "b.work_mail", Base: "text", Category: "S", NotNull: true, Checked: true},
			{Name: "boss", Type: "uuid", Base: "uuid", Category: "U"},
		},
		Primary: []string{"tenant", "id"}, UniqueOver: [][]string{{"id", "tenant"}}, Indexes: [][]string{{"tenant", "id"}},
		Keys: []liveschema.ForeignKey{
			{
				Name: "boss", Columns: []string{"tenant", "boss"}, To: people, ToColumns: []string{"tenant", "id"},
				OnDelete: liveschema.SetNull, MatchFull: true,
			},
			{
				Name: "tenant", Columns: []string{"tenant"}, To: liveschema.Name{Schema: "Shop floor", Table: `Cus"tomers`},
				ToColumns: []string{"Id"}, OnDelete: liveschema.Cascade,
			},
		},
	})
}

// readOnPath reads in a transaction with a search_path, and tells what that is afterwards.
func readOnPath(t *testing.T, db *postgres.DB, path string) (after string, schema liveschema.Schema) {
	t.Helper()

	err := db.InSnapshot(t.Context(), func(ctx context.Context, tx postgres.Tx) (err error) {
		if _, err := tx.Exec(ctx, "select set_config('search_path', $1, true)", path); err != nil {
			return err
		}

		if schema, err = liveschema.Read(ctx, tx, "app"); err != nil {
			return err
		}

		return tx.QueryRow(ctx, "select current_setting('search_path')").Scan(&after)
	})
	if err != nil {
		t.Fatal(err)
	}

	return after, schema
}
