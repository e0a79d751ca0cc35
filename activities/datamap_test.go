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

	tellsDriftAlone(t, maps, change)

	maps.Sources["app"] = "postgres://nobody@127.0.0.1:1/none?connect_timeout=1"
	if _, err := maps.CheckDataMap(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Errorf("%v", err)
	}
}

// tellsDriftAlone expects that a map which does not fit is told where the server does not say which copies it has.
func tellsDriftAlone(t *testing.T, maps *activities.DataMaps, change func(sql string)) {
	t.Helper()

	change("revoke select on pg_replication_slots from public; alter table firms add column fax text")

	var log bytes.Buffer

	maps.Log = slog.New(slog.NewTextHandler(&log, nil))

	source := maps.Sources["app"]
	defer func() { maps.Sources["app"] = source }()

	change("create role reads login; grant select on all tables in schema public to reads")
	maps.Sources["app"] = strings.Replace(source, "postgres@", "reads@", 1)

	if _, err := maps.CheckDataMap(t.Context()); !failure.Is(err, failure.Unauthorised) {
		t.Errorf("gave %v", err)
	}

	if text := log.String(); !strings.Contains(text, "nobody decided about column fax") {
		t.Error("what does not fit was not told:", text)
	}
}
