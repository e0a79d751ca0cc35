package activities_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/activities"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/metrics"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

const smallMap = `version: 1
databases:
  - name: app
    account: {table: public.firms, key: id, close: select $1::bigint, reopen: select $1::bigint}
    tables:
      public.firms: {category: company, role: controller, rows: delete, columns: {erase: [name], not_personal: [id]}}
`

// The map is read at each call, and what does not fit is counted, listed and logged.
func TestCheckDataMap(t *testing.T) {
	t.Parallel()

	server := pgtest.Own(t)
	at := server.Database(t)
	change := func(sql string) {
		conn, err := pgx.Connect(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())

		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}

	rules, err := policy.Load("../internal/policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	var log bytes.Buffer

	clock := clocks.Fixed(time.Unix(1000, 0))
	maps := &activities.DataMaps{
		File: filepath.Join(t.TempDir(), "datamap.yaml"), Policy: rules, Sources: map[string]string{"app": at}, Steward: pgtest.OpenSteward(t), Clock: clock,
		Metrics: metrics.New(metrics.Options{Clock: clock, Policy: rules}), Log: slog.New(slog.NewTextHandler(&log, nil)),
	}
	look := func() activities.MapLook {
		found, err := maps.CheckDataMap(t.Context())
		if err != nil {
			t.Fatal(err)
		}

		found.Hash = ""

		return found
	}

	if diff := cmp.Diff(activities.MapLook{Wrong: 1, Code: failure.DataMapInvalid}, look()); diff != "" {
		t.Error(diff)
	}

	if err := os.WriteFile(maps.File, []byte(smallMap), 0o600); err != nil {
		t.Fatal(err)
	}

	change("create table firms (id bigint primary key, name text)")

	if diff := cmp.Diff(activities.MapLook{Tables: 1}, look()); diff != "" {
		t.Error(diff)
	}

	change("alter table firms add column phone text; alter table firms enable row level security")

	want := activities.MapLook{Tables: 1, Wrong: 1, Notes: 1, Findings: []string{
		"app public.firms (line 6): nobody decided about column phone; add it to erase, retain or not_personal of the table's columns",
	}}
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Error(diff)
	}

	if text := log.String(); !strings.Contains(text, "datamap_invalid") || !strings.Contains(text, "nobody decided about column phone") {
		t.Error(text)
	}

	change("select pg_create_physical_replication_slot('nobody_said')")

	want.Undeclared = []string{"app has a physical replication slot that the policy does not declare"}
	if diff := cmp.Diff(want, look()); diff != "" {
		t.Error(diff)
	}

	if text := log.String(); !strings.Contains(text, want.Undeclared[0]) || !strings.Contains(text, "- {name: app_replica, kind: replica, database: app") {
		t.Error(text)
	}

	rules.Copies = []policy.DeclaredCopy{{Name: "standby", Kind: policy.CopyReplica, Database: "app"}}
	if found := look(); len(found.Undeclared) > 0 {
		t.Errorf("a declared one is told: %q", found.Undeclared)
	}

	if maps.Steward, err = postgres.Open(t.Context(), server.URL("postgres")); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(maps.Steward.Close)

	if found := look(); len(found.Undeclared) != 1 || !strings.HasPrefix(found.Undeclared[0], "steward has a physical") {
		t.Errorf("the steward database was not asked: %q", found.Undeclared)
	}

	// A database that does not answer keeps nobody from saying what the other says.
	log.Reset()
	maps.Steward.Close()

	if _, err := maps.CheckDataMap(t.Context()); !failure.Is(err, failure.Unavailable) || !strings.Contains(log.String(), "nobody decided about column phone") {
		t.Errorf("copies that were not asked for hide the drift: %v\n%s", err, log.String())
	}

	if maps.Steward, err = postgres.Open(t.Context(), server.URL("postgres")); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(maps.Steward.Close)
	log.Reset()

	maps.Sources["app"] = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"
	if _, err := maps.CheckDataMap(t.Context()); !failure.Is(err, failure.Unavailable) ||
		!strings.Contains(log.String(), "steward has a physical") || !strings.Contains(log.String(), "its schema was not read") {
		t.Errorf("a schema that was not read hides the copies: %v\n%s", err, log.String())
	}

	if err := os.Remove(maps.File); err != nil {
		t.Fatal(err)
	}

	maps.Sources["app"] = at
	if found := look(); found.Code != failure.DataMapInvalid || len(found.Undeclared) != 1 {
		t.Errorf("a map that cannot be read hides the copies: %+v", found)
	}
}
