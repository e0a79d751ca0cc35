package erasure

// Reason is the code of why somebody is erased. It stands in the ledger.
type Reason string

// The reasons.
const (
	// AccountDelete: the app or a member of staff asked for an account to be deleted, and
	// the task that this opened was accepted.
	AccountDelete Reason = "account.delete"
	// ByStaff: a member of staff asked for it, through the API.
	ByStaff Reason = "staff.request"
)

// Origin says what must be there of what a case names as its cause, before anything is planned.
type Origin string

// The origins. No reason goes without one: whoever may insert a case could name it.
const (
	// ByTask: a task to delete the account, which somebody accepted who may, by an act.
	ByTask Origin = "task"
	// ByAct: the act of who opened the case.
	ByAct Origin = "act"
)

// ReasonRow says everything about one reason.
type ReasonRow struct {
	Reason Reason
	// Origin says what a case of this reason is opened by, and is read back.
	Origin Origin
	// Text is what people read; fixed, so that it carries no data.
	Text string
	// Approval says that a second person must agree to the plan.
	Approval bool
}

// Reasons is the closed table of reasons. What people ask for, people approve: a wrong
// account's id is typed easily, and nothing brings the data back.
func Reasons() []ReasonRow {
	return []ReasonRow{
		{AccountDelete, ByTask, "the account was asked to be deleted, and support accepted that", true},
		{ByStaff, ByAct, "a member of staff asked for it", true},
	}
}

// FindReason is the row of a reason, and whether there is one.
func FindReason(reason Reason) (ReasonRow, bool) {
	for _, row := range Reasons() {
		if row.Reason == reason {
			return row, true
		}
	}

	return ReasonRow{}, false
}

// NeedsApproval reports whether a second person must agree to the plan of a case of this reason. What nobody knows
// needs it. The column erasures.approval is a record for readers: nobody goes by it.
func (r Reason) NeedsApproval() bool {
	row, known := FindReason(r)

	return !known || row.Approval
}
