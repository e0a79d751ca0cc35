package promise

import (
	"fmt"
	"time"
)

// judgeLedger decides whether the ledger is complete and unchanged: it was
// verified recently, nothing was found, and no entry waits for its seal.
// Evidence must be cut to asOf.
func judgeLedger(rule LedgerRule, evidence Evidence, asOf time.Time) verdict {
	ledger := evidence.Ledger
	armed, known := evidence.Armed[Key{Promise: Ledger}]
	every := rule.VerifyEvery.Shortest()
	proven := ledger.VerifiedAt
	if proven.IsZero() {
		proven = armed
	}
	v := verdict{newest: ledger.VerifiedAt, due: proven.Add(every)}
	age, waiting := evidence.onTime(proven, asOf), evidence.waiting(asOf)
	switch {
	case ledger.Finding != "":
		v.state = Broken
		v.reason = fmt.Sprintf("The verification at %s found: %s.", clock(ledger.VerifiedAt), ledger.Finding)
	case !known:
		v.state, v.due = Broken, time.Time{}
		v.reason = "It was never set up, so nothing watches over it. Run steward setup."
	case age >= every+every:
		v.state = Broken
		v.reason = "Nothing proves the ledger now. " + overdue(ledger, v.due)
	case waiting >= every:
		v.state = Broken
		v.reason = fmt.Sprintf("An entry has waited %s for its seal, so its only copy is the database.", span(waiting))
	case age >= every:
		v.state, v.reason = AtRisk, overdue(ledger, v.due)
	case waiting >= rule.SealWithin.Shortest():
		v.state = AtRisk
		v.reason = fmt.Sprintf("An entry has waited %s for its seal; the limit is %s.", span(waiting), rule.SealWithin.Words())
	case ledger.VerifiedAt.IsZero():
		v.state = Armed
		v.reason = fmt.Sprintf("The first verification is due at %s.", clock(v.due))
	default:
		v.state, v.reason = Kept, "Both copies were verified at "+clock(ledger.VerifiedAt)+"."+checkpoint(ledger)
	}
	return v
}

// waiting returns how long the oldest unsealed entry has waited, 0 for none.
func (e Evidence) waiting(asOf time.Time) time.Duration {
	return e.since(e.Ledger.OldestUnsealedAt, asOf)
}

// overdue says that a verification is late.
func overdue(ledger LedgerEvidence, due time.Time) string {
	if ledger.VerifiedAt.IsZero() {
		return fmt.Sprintf("The ledger was never verified, which was due at %s.", clock(due))
	}
	return fmt.Sprintf("The ledger was last verified at %s, and the next time was due at %s.", clock(ledger.VerifiedAt), clock(due))
}

// checkpoint tells which checkpoint is the newest, for people who compare.
func checkpoint(ledger LedgerEvidence) string {
	if ledger.CheckpointAt.IsZero() {
		return " It has no checkpoint yet."
	}
	return fmt.Sprintf(" The newest checkpoint is of %s and covers %d entries.", clock(ledger.CheckpointAt), ledger.CheckpointSize)
}
