package main_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"

	"steward/internal/doctor/doctortest"
	"steward/internal/pgtest"
)

// shop is a small app. Its leads are told by samples: the column who is called like nothing.
const shop = `create schema app;
	create table app.companies (id bigint primary key, name text not null, closed_at timestamptz);
	create table app.leads (id bigint primary key, company_id bigint not null references app.companies, email text, full_name text, who text);
	create table app.news (id bigint primary key, at date);
	insert into app.companies values (1, 'one');
	insert into app.leads values (1, 1, 'a@mail.test', 'A', 'a@mail.test'), (2, 1, null, 'B', 'b@mail.test')`

// TestDataMap runs what reads the schema of an app database.
func TestDataMap(t *testing.T) {
	t.Parallel()

	bin := command(t)
	w := doctortest.NewPolicy(t)
	app := pgtest.Database(t)

	conn, err := pgx.Connect(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}

	defer conn.Close(t.Context())

	if _, err := conn.PgConn().Exec(t.Context(), shop).ReadAll(); err != nil {
		t.Fatal(err)
	}

	policy, err := os.ReadFile(w.Config.Policy)
	if err != nil {
		t.Fatal(err)
	}

	testscript.Run(t, testscript.Params{
		Dir: "testdata/datamap", Cmds: commands(),
		Setup: func(env *testscript.Env) error {
			env.Vars = append(env.Vars, environment(bin, "STEWARD_ENV=dev", "STEWARD_POLICY=policy.yaml", "APP_DATABASE_URL="+app)...)

			return os.WriteFile(filepath.Join(env.WorkDir, "policy.yaml"), policy, 0o600)
		},
	})
}
