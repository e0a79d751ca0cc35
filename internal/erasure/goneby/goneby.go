// Package goneby says when nothing of an erased subject is left anywhere: the latest
// of what each store answers, and what stands in the way of an answer. It is pure.
package goneby

import (
	"slices"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/store"
)

// Answer is what one store says.
type Answer struct {
	// Store is its name.
	Store string
	// Outcome is how it came out of the erasure.
	Outcome store.Outcome
	// GoneBy is when nothing of the subject can be left there; it counts only without Err.
	GoneBy time.Time
	// Err is why nobody can say.
	Err error
}

// Blocker is a store that keeps the erasure from its final certificate, and why.
type Blocker struct {
	Store string       `json:"store"`
	Code  failure.Code `json:"code"`
}

// Verdict is when the subject is gone everywhere.
type Verdict struct {
	// At is the latest of the answers that there are; with blockers it is no promise.
	At time.Time `json:"at"`
	// Store is the one that is the last to let go.
	Store string `json:"store"`
	// Blockers are the stores that cannot say, or that failed, in the order of their names.
	Blockers []Blocker `json:"blockers,omitempty"`
}

// Known reports whether every store has answered with an instant.
func (v Verdict) Known() bool { return len(v.Blockers) == 0 && !v.At.IsZero() }

// Over reports whether the subject is gone everywhere at asOf. What is retained on a published basis
// is no copy that is still to go: its store answers with the end of the erasure.
func (v Verdict) Over(asOf time.Time) bool { return v.Known() && !asOf.Before(v.At) }

// Of takes the answers of all stores together. No store at all is no answer: the verdict is not Known.
func Of(answers []Answer) Verdict {
	var verdict Verdict

	for _, answer := range answers {
		switch code := failure.CodeOf(answer.Err); {
		case code != "":
			verdict.Blockers = append(verdict.Blockers, Blocker{answer.Store, code})
		case answer.Outcome.Kind == store.Failed:
			verdict.Blockers = append(verdict.Blockers, Blocker{answer.Store, orInternal(failure.Code(answer.Outcome.Code))})
		case answer.Outcome.Kind == "" || answer.GoneBy.IsZero():
			verdict.Blockers = append(verdict.Blockers, Blocker{answer.Store, failure.EvidenceMissing})
		default:
			if at := Latest(answer.Outcome, answer.GoneBy); at.After(verdict.At) {
				verdict.At, verdict.Store = at.UTC(), answer.Store
			}
		}
	}

	slices.SortFunc(verdict.Blockers, func(a, b Blocker) int { return strings.Compare(a.Store, b.Store) })

	return verdict
}

// Latest is when a store is done that says it is at gone: not before what it saw expire when it erased, since
// what kept that may be changed or forgotten by now. Nobody can say (a zero gone) stays so.
func Latest(came store.Outcome, gone time.Time) time.Time {
	if came.Kind == store.Expires && !gone.IsZero() && came.At.After(gone) {
		return came.At
	}

	return gone
}

func orInternal(code failure.Code) failure.Code {
	if code == "" {
		return failure.Internal
	}

	return code
}
