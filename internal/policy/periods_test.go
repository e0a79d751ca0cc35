package policy_test

import (
	"testing"
	"time"

	"steward/internal/accesslog"
	"steward/internal/idempotency"
	"steward/internal/outbox"
	"steward/internal/policy"
	"steward/internal/task"
)

// TestPeriodsAreThoseOfTheirPackages: a period that stands in two places is one.
func TestPeriodsAreThoseOfTheirPackages(t *testing.T) {
	t.Parallel()

	rules := &policy.Policy{}

	for name, pair := range map[string][2]time.Duration{
		"access_log":       {rules.KeepAccessLog(), accesslog.Keep},
		"idempotency_keys": {rules.KeepIdempotencyKeys(), idempotency.Keep},
		"tasks":            {rules.KeepTasks(), task.Keep},
		"delivered":        {policy.DeliveredAfter, outbox.DeliveredAfter},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: the policy says %s, its package %s", name, pair[0], pair[1])
		}
	}
}
