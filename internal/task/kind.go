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
	// ApproveErasure: the plan of an erasure waits for a lead who agrees to it, or has it
	// cancelled. Either is what ends the task.
	ApproveErasure Kind = "erasure.approve"
	// MendErasure: an erasure is blocked until what its code says is mended, and it is tried again.
	MendErasure Kind = "erasure.mend"
	// HoldEnded: the time of a legal hold is over; somebody looks whether it was meant to end.
	HoldEnded Kind = "hold.ended"
	// EraseRetained: what an erasure retained under a published exception is past its time.
	EraseRetained Kind = "erasure.retained"
)

// The outcomes of tasks.
const (
	// Accepted: it is right, and was begun.
	Accepted = "accepted"
	// Refused: it is not right, and nothing was begun.
	Refused = "refused"
	// Mended: what was broken is mended.
	Mended = "mended"
	// Seen: somebody has looked, and did what was to be done.
	Seen = "seen"
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
	// Closed says that only what the task asks for ends it, and nobody's word that it was done.
	Closed bool
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
			false,
		},
		{ApproveErasure, "Approve the plan of the erasure, or cancel it", access.Lead, 3 * day, []string{Accepted, Refused}, true},
		// Data that are promised to be gone are still there.
		{MendErasure, "Mend what blocks the erasure, and have it tried again", access.Operator, day, []string{Mended}, true},
		{HoldEnded, "Look whether the legal hold was meant to end, or must be set again", access.Lead, 3 * day, []string{Seen}, false},
		// Nothing erases it by itself. Who may write in the app's databases is known to operators.
		{EraseRetained, "Erase what the erasure retained: its time is over", access.Operator, 7 * day, []string{Seen}, false},
	}
}

// Verb is that of the act by which a member of staff ends a task so.
func Verb(outcome string) string { return "task." + outcome }

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
