package temporaldev_test

import (
	"strings"
	"testing"

	"steward/dev/internal/temporaldev"
)

func TestBadURLKeepsItsPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"", "postgres://127.0.0.1:1/temporal", "postgres://me:secret@127.0.0.1:1", "://me:secret@x"} {
		_, err := temporaldev.Start(t.Context(), temporaldev.Options{PostgresURL: url})
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v", url, err)
		}
	}
}
