package promise

import "time"

// verdict is a state with its reason, before the mode is applied.
type verdict struct {
	state  State
	reason string
	newest time.Time
	due    time.Time
}

// Evaluate judges every rule at asOf, in the order of the rules: one status
// for each, and for backups one for each item, those that left the policy last, until
// nothing of them is stored. It reads nothing else.
func Evaluate(rules []Rule, evidence Evidence, asOf time.Time) []Status {
	var statuses []Status
	seen := evidence.until(asOf)
	for _, rule := range rules {
		switch {
		case rule.Backups != nil && len(rule.Backups.Databases) > 0:
			for _, database := range rule.Backups.Databases {
				statuses = append(statuses, rule.status(database, judgeBackups(rule, database, seen, asOf)))
			}
			statuses = append(statuses, rule.left(seen, asOf)...)
		case rule.Ledger != nil:
			statuses = append(statuses, rule.status("", judgeLedger(*rule.Ledger, seen, asOf)))
		case rule.Name == Erasure:
			statuses = append(statuses, rule.status("", judgeErasure(seen, asOf)))
		default:
			statuses = append(statuses, rule.status("", unjudged(rule.Name)))
		}
	}
	return statuses
}

// unjudged is the verdict of a rule that has no numbers: not built, or, for a
// promise that is built, a fault that must not look like silence.
func unjudged(name Name) verdict {
	row, known := Find(name)
	if known && !row.Built {
		return verdict{state: NotBuilt, reason: "This version of Steward does not keep this promise yet."}
	}
	return verdict{state: Broken, reason: "The policy gives nothing by which this promise could be judged."}
}

// status applies the mode: what is observed is told, and alarms nobody.
func (r Rule) status(item string, v verdict) Status {
	if r.Mode == Observe && v.state != NotBuilt {
		v.reason = "Observed only; if it were enforced, it would be " + string(v.state) + ". " + v.reason
		v.state = Observed
	}
	return Status{
		Promise: r.Name, Item: item, Mode: r.Mode, State: v.state, Reason: v.reason,
		NewestEvidence: v.newest, NextDue: v.due,
	}
}

// until returns the evidence as it stood at asOf, so that what is recorded
// later, or by a clock that is ahead, proves nothing.
func (e Evidence) until(asOf time.Time) Evidence {
	seen := e
	seen.Backups = nil
	for _, backup := range e.Backups {
		if backup.SnapshotAt.After(asOf) {
			continue
		}
		backup.DrilledAt = notAfter(backup.DrilledAt, asOf)
		backup.GoneAt = notAfter(backup.GoneAt, asOf)
		backup.LostAt, backup.ExceptedAt = notAfter(backup.LostAt, asOf), notAfter(backup.ExceptedAt, asOf)
		seen.Backups = append(seen.Backups, backup)
	}
	if e.Ledger.VerifiedAt.After(asOf) {
		seen.Ledger.VerifiedAt, seen.Ledger.Finding = time.Time{}, ""
	}
	seen.Erasures = e.Erasures.until(asOf)
	seen.Off = nil
	if e.Dev {
		seen.Off = merged(e.Off)
	}
	return seen
}

// notAfter returns t, or no time when t is after asOf.
func notAfter(t, asOf time.Time) time.Time {
	if t.After(asOf) {
		return time.Time{}
	}
	return t
}
