package system_test

import (
	"context"
	"testing"
	"time"
)

// look is the pause between two looks at something that happens elsewhere.
const look = 20 * time.Millisecond

// eventually returns when done says so. It fails t when it has not within a minute,
// which is far more than anything takes that is waited for.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	ticker := time.NewTicker(look)
	defer ticker.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain: %s", what)
		case <-ticker.C:
		}
	}
}
