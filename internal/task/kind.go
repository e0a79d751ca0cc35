package task

import (
	"slices"
	"time"

	"steward/internal/access"
)

// Kind says what is to be done.
type Kind string

// The kinds of tasks.
const (
	// DeleteAccount: the app, or a member of staff, asks to delete an account. An
	// app's key alone deletes nothing.
	DeleteAccount Kind = "account.delete"
)

// The outcomes of tasks.
const (
	// Accepted: it is right, and was begun.
	Accepted = "accepted"
	// Refused: it is not right, and nothing was begun.
	Refused = "refused"
)

// KindRow says everything about one kind.
type KindRow struct {
	Kind Kind
	// Text is what people read; fixed, so that it cannot carry data.
	Text string
	// Role is whose task it is.
	Role access.Role
	// Within is how long it may take from its opening.
	Within time.Duration
	// Outcomes are the ways in which it may end.
	Outcomes []string
}

// day is 24 hours, as in the policy.
const day = 24 * time.Hour

// Kinds is the closed table of kinds.
func Kinds() []KindRow {
	return []KindRow{
		// "We answer within 14 days" (row A-76 of docs/promises.md) holds for whoever asks
		// through the app; the decision must leave time for the deletion itself.
		{
			DeleteAccount, "Decide whether the account is to be deleted", access.Support, 3 * day,
			[]string{Accepted, Refused},
		},
	}
}

// FindKind is the row of a kind, and whether there is one.
func FindKind(kind Kind) (KindRow, bool) {
	for _, row := range Kinds() {
		if row.Kind == kind {
			return row, true
		}
	}

	return KindRow{}, false
}

// ends reports whether a task of this kind may end so.
func (r KindRow) ends(outcome string) bool { return slices.Contains(r.Outcomes, outcome) }

// MayFinish reports whether somebody of a role may finish a task of another's. A
// lead may do what support does; nobody else does the work of others.
func MayFinish(of, by access.Role) bool {
	return of == by || of == access.Support && by == access.Lead
}
