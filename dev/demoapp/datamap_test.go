package demoapp_test

import (
	"strings"
	"testing"

	"steward/dev/demoapp"
	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// The tracked data map decides about everything that the demo app's schema has, and can be carried out.
func TestTheDataMapDecidesEverything(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	if err := demoapp.Install(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	schema, err := liveschema.Read(t.Context(), db, "app")
	if err != nil {
		t.Fatal(err)
	}
	decided, err := datamap.Load("../../datamap.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := policy.Load("../../internal/policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}
	notes := 0
	for _, found := range check.Run(decided, []liveschema.Schema{schema}, rules) {
		if found.Severity == check.Wrong {
			t.Error(found)
		}
		if !strings.HasPrefix(found.What, "unindexed foreign key") { // an app has such keys
			notes++
		}
	}
	if notes != 1 {
		t.Errorf("%d notes; there is one about the row-level security of app.leads", notes)
	}
	for _, table := range decided.Databases[0].Tables {
		for _, column := range table.Columns {
			if column.Decision == datamap.Retain {
				t.Errorf("the demo map retains %s of %s", column.Name, table.Name)
			}
		}
	}
}
