package doctor_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"steward/internal/doctor"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// Each database of the data map, and the steward database, is asked for copies before there is a case, with the login of backups or the
// one that erases; what is said is what to write.
func TestCopiesThatNobodyDeclared(t *testing.T) {
	server, file := pgtest.Own(t), filepath.Join(t.TempDir(), "datamap.yaml")
	declared := []policy.DeclaredCopy{}

	look := func() map[string][]doctor.Check {
		t.Helper()

		report := visitMessages(t, func(d *doctor.Doctor) {
			d.Policy.Promises.Erasure, d.Config.DataMap, d.Config.StewardDatabase = &policy.Erasure{}, file, server.URL("postgres")
			d.Policy.Promises.Backups.Databases = []policy.Database{
				{Name: "app", Role: policy.RoleApp}, {Name: "steward", Role: policy.RoleSteward},
			}
			d.Policy.Copies = declared
		})

		seen := map[string][]doctor.Check{}

		for _, check := range report.Checks {
			if name, copies := strings.CutPrefix(check.Name, "copies of "); copies && check.Area == "erasures" {
				seen[name] = append(seen[name], check)
			}
		}

		return seen
	}
	saw := func(checks []doctor.Check, states []doctor.State, says string) {
		t.Helper()

		if len(checks) != len(states) {
			t.Fatalf("%+v, not %v", checks, states)
		}

		for n, check := range checks {
			if check.State != states[n] || !strings.Contains(check.Says+check.Hint, says) {
				t.Errorf("%+v, not %s %q", check, states[n], says)
			}
		}
	}

	if err := os.WriteFile(file, []byte(firms), 0o600); err != nil {
		t.Fatal(err)
	}

	t.Setenv("APP_ERASE_DATABASE_URL", "")
	t.Setenv("APP_DATABASE_URL", "")
	saw(look()["app"], []doctor.State{doctor.Skipped}, "not looked at: ")

	t.Setenv("APP_ERASE_DATABASE_URL", server.Database(t))
	saw(look()["app"], []doctor.State{doctor.OK}, "none that nobody declared")
	saw(look()["steward"], []doctor.State{doctor.OK}, "none that nobody declared")

	t.Setenv("APP_DATABASE_URL", os.Getenv("APP_ERASE_DATABASE_URL"))
	t.Setenv("APP_ERASE_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none")

	db, err := postgres.Open(t.Context(), server.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	standby, err := server.Standby(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := standby.Stop(); err != nil {
			t.Error(err)
		}
	})

	if _, err := db.Exec(t.Context(), "select pg_create_physical_replication_slot('nobody_said')"); err != nil {
		t.Fatal(err)
	}

	two := []doctor.State{doctor.Warn, doctor.Warn}
	saw(look()["app"], two, "{name: app_replica, kind: replica, database: app, max_age: AGE}")
	saw(look()["steward"], two, "{name: steward_replica, kind: replica, database: steward, max_age: AGE}")

	declared = append(declared, policy.DeclaredCopy{Name: "standby", Kind: policy.CopyReplica, Database: "app"})
	saw(look()["app"], []doctor.State{doctor.OK}, "none that nobody declared")
	saw(look()["steward"], two, "gets a final certificate")

	t.Setenv("APP_DATABASE_URL", "postgres://nobody@127.0.0.1:1/none?connect_timeout=1")
	saw(look()["app"], []doctor.State{doctor.Fail}, "")
}
