package config_test

import (
	"strings"
	"testing"
	"time"

	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/policy"
)

// clean takes every variable away that config reads.
func clean(t *testing.T) {
	t.Helper()

	for _, name := range []string{
		"STEWARD_ENV", "STEWARD_POLICY", "STEWARD_DATAMAP", "STEWARD_DATABASE_URL", "APP_DATABASE_URL", "DRILL_DATABASE_URL", "STORAGE_EMULATOR_HOST",
		"STORAGE_EMULATOR_HOST_GRPC", "STEWARD_DEV_CLOCK", "STEWARD_DEV_OFF_FILE", "STEWARD_TIMEOUT_SCALE", "STEWARD_FAULT_GATE",
		"TEMPORAL_ADDRESS", "STEWARD_KEYS_DIR",
	} {
		t.Setenv(name, "")
	}
}

func TestProductionRefusesEachDevVariable(t *testing.T) { //nolint:paralleltest // t.Setenv changes the whole process
	for name, value := range map[string]string{
		"STORAGE_EMULATOR_HOST": "127.0.0.1:9000", "STORAGE_EMULATOR_HOST_GRPC": "127.0.0.1:9000", "STEWARD_DEV_CLOCK": "/x",
		"STEWARD_DEV_OFF_FILE": "/x", "STEWARD_TIMEOUT_SCALE": "0.1", "STEWARD_FAULT_GATE": "http://127.0.0.1:1",
	} {
		for _, environment := range []string{"", "production"} {
			clean(t)
			t.Setenv("STEWARD_ENV", environment)
			t.Setenv(name, value)

			if _, err := config.Load(); !failure.Is(err, failure.DevOnly) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s in %q: %v", name, environment, err)
			}
		}
	}
}

func TestDevStaysOnLoopback(t *testing.T) { //nolint:paralleltest // t.Setenv changes the whole process
	for _, address := range []string{
		"postgres://db.example.com/app", "postgres://127.0.0.1,db.example.com/app", "postgres://127.0.0.1/app?host=db.example.com",
		"postgres://127.evil.example/app", "postgres://localhost.evil.example/app", "host=db.example.com dbname=app", "postgres://",
		"postgres://u@127.0.0.1:99999999/x", "db.example.com:7233", "http://127.0.0.1.evil.example", "://", "http://10.0.0.1:1",
	} {
		for _, name := range []string{
			"STEWARD_DATABASE_URL", "DRILL_DATABASE_URL", "APP_DATABASE_URL", "STORAGE_EMULATOR_HOST", "TEMPORAL_ADDRESS", "STEWARD_FAULT_GATE",
		} {
			clean(t)
			t.Setenv("STEWARD_ENV", "dev")
			t.Setenv("PGHOST", "db.example.com")
			t.Setenv(name, address)

			_, err := config.Load()
			if !failure.Is(err, failure.DevOnly) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "evil") {
				t.Errorf("%s=%s: %v", name, address, err)
			}
		}
	}
}

func TestDevOnLoopbackStarts(t *testing.T) { //nolint:paralleltest // t.Setenv changes the whole process
	for _, address := range []string{
		"postgres://u:p@127.0.0.1:5432/app?sslmode=disable", "postgres://localhost/app", "postgresql://[::1]:5432/app", "127.0.0.1:7233",
		"http://127.0.0.5:9000", "localhost:1", "[::1]:7233",
	} {
		clean(t)
		t.Setenv("STEWARD_ENV", "dev")
		t.Setenv("STEWARD_DATABASE_URL", address)
		t.Setenv("STEWARD_TIMEOUT_SCALE", "0.5")
		t.Setenv("STEWARD_DEV_CLOCK", t.TempDir()+"/clock")

		loaded, err := config.Load()
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}

		if loaded.Patience().Of(time.Minute) != 30*time.Second || loaded.Clock() == nil || loaded.Policy != "policy.yaml" {
			t.Errorf("%+v", loaded)
		}
	}
}

func TestSourceURL(t *testing.T) {
	clean(t)
	t.Setenv("STEWARD_DATABASE_URL", "postgres://127.0.0.1/steward")
	t.Setenv("SHOP_DATABASE_URL", "postgres://db.example.com/shop")

	loaded, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}

	if loaded.Env != policy.Production || loaded.Clock() == nil {
		t.Errorf("%+v", loaded)
	}

	shop := policy.Database{Name: "shop", Role: "app"}
	if at, err := loaded.SourceURL(shop); err != nil || at != "postgres://db.example.com/shop" {
		t.Error(at, err)
	}

	if at, err := loaded.SourceURL(policy.Database{Name: "steward", Role: policy.RoleSteward}); err != nil || at != "postgres://127.0.0.1/steward" {
		t.Error(at, err)
	}

	if _, err := loaded.SourceURL(policy.Database{Name: "none", Role: "app"}); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}

	// In dev a database of the policy beside app may not lie elsewhere either.
	loaded.Env = policy.Dev
	if _, err := loaded.SourceURL(shop); !failure.Is(err, failure.DevOnly) {
		t.Error(err)
	}
}

func TestWrongEnvironments(t *testing.T) {
	clean(t)
	t.Setenv("STEWARD_ENV", "staging")

	if _, err := config.Load(); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}

	t.Setenv("STEWARD_ENV", "dev")
	t.Setenv("STEWARD_TIMEOUT_SCALE", "soon")

	if _, err := config.Load(); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}

	if err := config.Need(map[string]string{"A": "x", "STEWARD_KEYS_DIR": ""}); !failure.Is(err, failure.ConfigInvalid) ||
		!strings.Contains(err.Error(), "STEWARD_KEYS_DIR") {
		t.Error(err)
	}

	if err := config.Need(map[string]string{"A": "x"}); err != nil {
		t.Error(err)
	}
}

func TestTheDataMapLiesBesideThePolicy(t *testing.T) { //nolint:paralleltest // t.Setenv changes the whole process
	for _, c := range []struct{ policy, stated, want string }{
		{"", "", "datamap.yaml"},
		{"/etc/steward/policy.yaml", "", "/etc/steward/datamap.yaml"},
		{"/etc/steward/policy.yaml", "/srv/map.yaml", "/srv/map.yaml"},
	} {
		clean(t)
		t.Setenv("STEWARD_DATAMAP", c.stated)

		if c.policy != "" {
			t.Setenv("STEWARD_POLICY", c.policy)
		}

		got, err := config.Load()
		if err != nil || got.DataMap != c.want {
			t.Errorf("%+v: %q, %v", c, got.DataMap, err)
		}
	}
}
