// Package history remembers what each audit found: for every judged item its
// state, since when, and when people were told. The next audit compares with it,
// so that a transition is written to the ledger once and an alert is not repeated
// every five minutes.
package history

import (
	"cmp"
	"slices"
	"time"

	"steward/internal/ledger"
	"steward/internal/promise"
)

// Standing is where one item stands since some audit. It is stored as JSON; its
// names are part of the table's format (0003_audit.sql).
type Standing struct {
	// Promise and Item name the status.
	Promise promise.Name `json:"promise"`
	// Item is the database of backups, empty for a promise with one status.
	Item string `json:"item,omitempty"`
	// Mode is that of the policy at the audit.
	Mode promise.Mode `json:"mode"`
	// State is the judgement.
	State promise.State `json:"state"`
	// Since is when an audit first found this state.
	Since time.Time `json:"since"`
	// ArmedAt is since when the item is watched.
	ArmedAt time.Time `json:"armed_at,omitzero"`
	// EvidenceAt is the instant of the newest positive evidence; zero without any.
	EvidenceAt time.Time `json:"evidence_at,omitzero"`
	// NextDue is when the next evidence must exist; zero if never.
	NextDue time.Time `json:"next_due,omitzero"`
	// AlertedAt is when people were last told of this state; zero if never.
	AlertedAt time.Time `json:"alerted_at,omitzero"`
	// Unmended says that the ledger holds that it broke and not yet that it was
	// mended: only being kept mends, not being at risk, nor leaving the policy.
	Unmended bool `json:"unmended,omitempty"`
	// Breaks counts how often it broke in the day that began at BreaksFrom; both are zero
	// for one that never broke, or not since audits count it.
	Breaks     int       `json:"breaks,omitempty"`
	BreaksFrom time.Time `json:"breaks_from,omitzero"`
}

// What bounds the entries about an item that flaps between kept and broken: audits come
// every five minutes, and the ledger is kept for ever. Since only the end of a breach
// waits, none is told late, and none shorter than it was.
const (
	// breaksPerDay is how often an item may break in breaksTime and be told to be mended as
	// soon as it is kept.
	breaksPerDay = 6
	breaksTime   = 24 * time.Hour
	// calm is how long it must be kept for that once it broke more often: a day has at most
	// breaksPerDay and 24 more pairs of entries then.
	calm = time.Hour
)

// Key names the item.
func (s Standing) Key() promise.Key { return promise.Key{Promise: s.Promise, Item: s.Item} }

// Transition is a change that the ledger keeps.
type Transition struct {
	// Kind is ledger.PromiseBroken or ledger.PromiseMended.
	Kind ledger.Kind
	// Body is what the entry says.
	Body ledger.PromiseBody
}

// Audit is the outcome of one audit. The zero Audit is that of none.
type Audit struct {
	// ID is the number of its row; 0 until it is recorded.
	ID int64
	// At is when it judged.
	At time.Time
	// Standings are the judged items, and those that the policy no longer names.
	Standings []Standing
}

// Find gives the standing of an item, and whether there is one.
func (a Audit) Find(key promise.Key) (Standing, bool) {
	at := slices.IndexFunc(a.Standings, func(s Standing) bool { return s.Key() == key })
	if at < 0 {
		return Standing{}, false
	}

	return a.Standings[at], true
}

// ArmedAt tells since when an item is watched: as recorded; for an item that the
// last audit did not know, since that audit; before the first one, since the
// installation.
func (a Audit) ArmedAt(key promise.Key, installed time.Time) time.Time {
	known, found := a.Find(key)

	switch {
	case found && !known.ArmedAt.IsZero():
		return known.ArmedAt
	case found || a.At.IsZero() || a.At.Before(installed):
		return installed
	default:
		return a.At
	}
}

// Next turns the statuses of now into the outcome of an audit, and says what
// changed. What is not built has no standing. An item that the policy no longer
// names is judged while something of it is stored, which can break it and mends
// nothing, and then keeps its standing as it was, so that taking a database out of the
// policy and putting it back forgets neither that it broke nor since when it is watched.
func (a Audit) Next(statuses []promise.Status, armed map[promise.Key]time.Time, now time.Time) (Audit, []Transition) {
	now = now.UTC().Truncate(time.Microsecond)
	next := Audit{At: now}

	var changes []Transition

	for _, status := range statuses {
		if status.State == promise.NotBuilt {
			continue
		}

		before, _ := a.Find(promise.Key{Promise: status.Promise, Item: status.Item})
		standing := before.follow(status, now)
		// What left the policy is not armed any more, and may come back.
		standing.ArmedAt = before.ArmedAt
		if at, known := armed[standing.Key()]; known {
			standing.ArmedAt = at
		}

		if change, changed := before.transition(standing); changed {
			changes = append(changes, change)
		}

		next.Standings = append(next.Standings, standing)
	}

	for _, old := range a.Standings {
		if _, known := next.Find(old.Key()); !known {
			next.Standings = append(next.Standings, old)
		}
	}

	return next, changes
}

// follow is the standing after this status. A state that stays keeps its dates.
func (s Standing) follow(status promise.Status, now time.Time) Standing {
	next := Standing{
		Promise: status.Promise, Item: status.Item, Mode: status.Mode, State: status.State,
		Since: now, EvidenceAt: status.NewestEvidence, NextDue: status.NextDue,
		Unmended: s.Unmended || status.State == promise.Broken,
	}
	if s.State == status.State {
		next.Since, next.AlertedAt = s.Since, s.AlertedAt
	}

	next.Breaks, next.BreaksFrom = s.Breaks, s.BreaksFrom
	if next.Unmended && !s.Unmended {
		next.Breaks, next.BreaksFrom = s.breaksAt(now)
	}

	// Of what left the policy kept says only that what is stored of it goes at its time.
	if status.State == promise.Kept && !status.LeftPolicy {
		next.Unmended = s.Unmended && next.Breaks > breaksPerDay && now.Sub(next.Since) < calm
	}

	return next
}

// breaksAt counts that the item breaks now; a day after the first of those that it
// counted it begins anew.
func (s Standing) breaksAt(now time.Time) (count int, from time.Time) {
	if s.Breaks == 0 || now.Sub(s.BreaksFrom) >= breaksTime {
		return 1, now
	}

	return s.Breaks + 1, s.BreaksFrom
}

// transition says what the ledger is told between two standings of one item.
func (s Standing) transition(next Standing) (Transition, bool) {
	if s.Unmended == next.Unmended {
		return Transition{}, false
	}

	change := Transition{Kind: ledger.PromiseMended, Body: ledger.PromiseBody{
		Promise: next.Name(), Code: next.Code(), Since: next.Since,
	}}
	if next.Unmended {
		change.Kind = ledger.PromiseBroken
	}

	if !next.EvidenceAt.IsZero() {
		change.Body.EvidenceAt = &next.EvidenceAt
	}

	return change, true
}

// Name is the item's name in the ledger: "backups/app", "ledger".
func (s Standing) Name() string {
	if s.Item == "" {
		return string(s.Promise)
	}

	return string(s.Promise) + "/" + s.Item
}

// Code is the promise and its state as one word, such as "backups.broken".
func (s Standing) Code() string { return string(s.Promise) + "." + StateCode(s.State) }

// StateCode is a state as one word, for labels, codes and search attributes.
func StateCode(state promise.State) string {
	codes := map[promise.State]string{
		promise.Kept: "kept", promise.AtRisk: "at_risk", promise.Broken: "broken",
		promise.Armed: "armed", promise.Observed: "observed", promise.NotBuilt: "not_built",
	}

	return cmp.Or(codes[state], "broken") // what is unknown is not kept
}

// count tells how many of the standings are in a state.
func (a Audit) count(state promise.State) int {
	n := 0

	for _, standing := range a.Standings {
		if standing.State == state {
			n++
		}
	}

	return n
}
