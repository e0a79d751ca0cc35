package history_test

import (
	"fmt"
	"time"

	"steward/internal/evidence/history"
	"steward/internal/promise"
)

// The first audit that finds a promise broken tells the ledger, and so does the
// first one after it that finds it kept.
func ExampleAudit_Next() {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	audit := history.Audit{}

	for _, state := range []promise.State{promise.Broken, promise.Broken, promise.AtRisk, promise.Kept} {
		next, changes := audit.Next([]promise.Status{{Promise: promise.Ledger, State: state}}, nil, now)
		for _, change := range changes {
			fmt.Println(change.Kind, change.Body.Promise, change.Body.Code)
		}

		audit, now = next, now.Add(5*time.Minute)
	}
	// Output:
	// promise.broken ledger ledger.broken
	// promise.mended ledger ledger.kept
}
