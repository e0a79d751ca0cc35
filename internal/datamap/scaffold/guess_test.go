package scaffold_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/datamap/scaffold"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// office has what names and types do not tell, and a table that its login may not read.
const office = `create table firms (id bigint primary key, title text, closed_at timestamptz);
	create table staff (id bigint primary key, firm_id bigint not null references firms, a text, b text, c text, d text, e varchar(4), status text);
	create table trail (id bigint primary key, firm_id bigint, what jsonb);
	create materialized view figures as select firm_id, count(*) as n from staff group by 1;
	create table subscribers (id bigint primary key, email text not null);
	create table opens (id bigint primary key, subscriber bigint not null references subscribers on delete cascade, at timestamptz);
	create table secrets (id bigint primary key, firm_id bigint references firms, email text);
	create table rates (day date primary key, rate numeric);
	create function f() returns trigger language plpgsql as 'begin return old; end';
	create trigger bin before delete on staff for each row execute function f();
	insert into firms values (1, 'x');
	insert into staff select n, 1, 'p' || n || '@mail.test', '+49 30 1234' || n, '192.0.2.' || n, 'word', 'w', 'on' from generate_series(10, 20) n;
	insert into secrets values (1, 1, 'p@mail.test');
	create role scaffold_reader login; grant select on all tables in schema public to scaffold_reader; revoke select on secrets from scaffold_reader`

// read makes the database, and opens it as the reader.
func read(t *testing.T) (*postgres.DB, liveschema.Schema) {
	t.Helper()

	at := pgtest.Database(t)

	conn, err := pgx.Connect(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	defer conn.Close(t.Context())

	if _, err := conn.PgConn().Exec(t.Context(), office).ReadAll(); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		conn, err := pgx.Connect(context.WithoutCancel(t.Context()), at)
		if err != nil {
			t.Error(err)

			return
		}

		defer conn.Close(context.WithoutCancel(t.Context()))

		if _, err := conn.Exec(context.WithoutCancel(t.Context()), "drop owned by scaffold_reader; drop role scaffold_reader"); err != nil {
			t.Error(err)
		}
	})

	db, err := postgres.Open(t.Context(), strings.Replace(at, "postgres://postgres", "postgres://scaffold_reader", 1))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	schema, err := liveschema.Read(t.Context(), db, "app")
	if err != nil {
		t.Fatal(err)
	}

	return db, schema
}

// What samples look like is kept, and nothing of them; what may not be read is passed over.
func TestSamplesTellWhatNamesDoNot(t *testing.T) {
	t.Parallel()

	db, schema := read(t)

	seen, err := scaffold.Look(t.Context(), db, schema)
	if err != nil {
		t.Fatal(err)
	}

	staff := liveschema.Name{Schema: "public", Table: "staff"}
	want := scaffold.Seen{staff: {"a": scaffold.LooksMail, "b": scaffold.LooksPhone, "c": scaffold.LooksIP}}

	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}

	text, err := scaffold.Write(schema, scaffold.Options{Seen: seen})
	if err != nil {
		t.Fatal(err)
	}

	for _, want := range []string{
		"      table: public.firms\n", `set \"closed_at\" = coalesce(\"closed_at\", now())`, `set \"closed_at\" = null`,
		"- {from: public.figures, columns: [firm_id], to: public.firms, key: [id]}", "- {from: public.trail, columns: [firm_id], to: public.firms, key: [id]}",
		"- {identity: email, column: a}", "- {identity: phone, column: b}", "- a # samples look like mail addresses", "- c # samples look like addresses",
		"- d # free text", "- what # may hold anything", "triggers: [bin]", "parts: [category, role, path, rows, person, known]",
		"path: [subscriber]", "no key leads to an account, and no column tells a person",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}

	for _, never := range []string{"mail.test", "1234", "192.0.2", "- e # ", "- status # "} {
		if strings.Contains(text, never) {
			t.Errorf("%q stands in\n%s", never, text)
		}
	}

	confirmed(t, text)
}

func TestNobodyCanGuessWhereAccountsBegin(t *testing.T) {
	t.Parallel()

	_, err := scaffold.Write(liveschema.Schema{Database: "app", Tables: []liveschema.Table{{
		Name: liveschema.Name{Schema: "a", Table: "b"}, Columns: []liveschema.Column{{Name: "x", Category: "N"}},
	}}}, scaffold.Options{})
	if !errors.Is(err, scaffold.ErrNoAccount) {
		t.Error(err)
	}

	_, err = scaffold.Write(liveschema.Schema{}, scaffold.Options{Account: liveschema.Name{Schema: "a", Table: "c"}})
	if !errors.Is(err, scaffold.ErrNoAccount) {
		t.Error(err)
	}
}
