package config_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.temporal.io/api/serviceerror"

	"steward/internal/config"
	"steward/internal/failure"
)

// profile makes a profile file with the address the one that is read.
func profile(t *testing.T, address string) {
	t.Helper()

	path := filepath.Join(t.TempDir(), "temporal.toml")
	if err := os.WriteFile(path, []byte("[profile.default]\naddress = \""+address+"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}

	t.Setenv("TEMPORAL_CONFIG_FILE", path)

	// An empty variable would hide the profile's address.
	if err := os.Unsetenv("TEMPORAL_ADDRESS"); err != nil {
		t.Fatal(err)
	}
}

func TestDevReachesTemporalOnLoopbackOnly(t *testing.T) { //nolint:paralleltest // t.Setenv changes the whole process
	for _, address := range []string{"temporal.example.com:7233", "dns:///temporal.example.com:7233", "10.0.0.1:7233", "127.0.0.1:7233,evil.example:1"} {
		clean(t)
		profile(t, address)
		t.Setenv("STEWARD_ENV", "dev")

		// The variables alone look harmless.
		if _, err := config.Load(); err != nil {
			t.Fatal(err)
		}

		if _, err := config.Temporal(); !failure.Is(err, failure.DevOnly) {
			t.Errorf("%s: %v", address, err)
		}

		t.Setenv("STEWARD_ENV", "production")

		if options, err := config.Temporal(); err != nil || options.HostPort != address {
			t.Errorf("%s in production: %q, %v", address, options.HostPort, err)
		}
	}
}

func TestTemporalOptions(t *testing.T) {
	clean(t)
	profile(t, "temporal.example.com:7233")
	t.Setenv("STEWARD_ENV", "dev")
	// The variable goes before the profile.
	t.Setenv("TEMPORAL_ADDRESS", "127.0.0.1:7233")

	if options, err := config.Temporal(); err != nil || options.HostPort != "127.0.0.1:7233" {
		t.Errorf("%q, %v", options.HostPort, err)
	}

	t.Setenv("TEMPORAL_CONFIG_FILE", t.TempDir())

	if _, err := config.Temporal(); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(err)
	}
}

func TestDevNeedsAStorageEmulator(t *testing.T) {
	clean(t)
	t.Setenv("STEWARD_ENV", "dev")

	loaded, err := config.Load()
	if err != nil {
		t.Fatal(err)
	}

	if at, err := loaded.StorageEndpoint(); !failure.Is(err, failure.ConfigInvalid) || at != "" {
		t.Errorf("real buckets would be used: %q, %v", at, err)
	}

	loaded.StorageEmulator = "http://127.0.0.1:9000"
	if at, err := loaded.StorageEndpoint(); err != nil || at != loaded.StorageEmulator {
		t.Errorf("%q, %v", at, err)
	}

	t.Setenv("STEWARD_ENV", "production")

	if loaded, err = config.Load(); err != nil {
		t.Fatal(err)
	}

	if at, err := loaded.StorageEndpoint(); err != nil || at != "" {
		t.Errorf("%q, %v", at, err)
	}
}

func TestATemporalThatDoesNotLetUsIn(t *testing.T) {
	t.Parallel()

	for want, cause := range map[failure.Code]error{
		failure.Unauthorised:        fmt.Errorf("failed reaching server: %w", serviceerror.NewPermissionDenied("no", "")),
		failure.TemporalUnavailable: fmt.Errorf("failed reaching server: %w", context.DeadlineExceeded),
		"":                          nil,
	} {
		if got := failure.CodeOf(config.ReachedTemporal(cause)); got != want {
			t.Errorf("%v: %s", cause, got)
		}
	}
}
