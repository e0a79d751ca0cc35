package postgres_test

import (
	"strings"
	"testing"

	"steward/internal/failure"
	"steward/internal/postgres"
)

func TestWithoutSecrets(t *testing.T) {
	t.Parallel()

	const bare = "postgres://ada@h:5/d?sslmode=disable"

	for _, at := range []string{
		"postgres://ada:hunter2@h:5/d?sslmode=disable", "postgres://ada@h:5/d?password=hunter2&sslmode=disable",
		"postgres://h:5/d?password=hunter2&sslmode=disable&user=ada",
	} {
		if got, password, err := postgres.WithoutSecrets(at); err != nil || got != bare || password != "hunter2" {
			t.Errorf("%s: %s, %s, %v", at, got, password, err)
		}
	}

	for _, at := range []string{bare + "&sslpassword=hunter2", "host=h password=hunter2", "postgres://h:hunter2/d"} {
		_, _, err := postgres.WithoutSecrets(at)
		if !failure.Is(err, failure.ConfigInvalid) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", at, err)
		}
	}
}
