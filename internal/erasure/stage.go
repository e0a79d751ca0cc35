package erasure

// Stage is how far an erasure has come. It stands in the database, in search attributes
// and in the API.
type Stage string

// The stages.
const (
	// Requested: somebody asks for it. What there is of the subject is counted next.
	Requested Stage = "requested"
	// Planned: the plan stands. Whether it may go on is decided next.
	Planned Stage = "planned"
	// AwaitingApproval: somebody else than who opened it must agree to the plan's hash.
	AwaitingApproval Stage = "awaiting_approval"
	// Closing: the subject is being closed, and everything looked at once more. All of it
	// can be taken back.
	Closing Stage = "closing"
	// Tombstoned: it is decided for good, and the decision is not yet sealed in the ledger.
	Tombstoned Stage = "tombstoned"
	// Executing: store after store erases.
	Executing Stage = "executing"
	// Verifying: other code looks for what is left.
	Verifying Stage = "verifying"
	// Answered: nothing is left where it was erased; the first certificate is due.
	Answered Stage = "answered"
	// Waiting: for the day by which it is gone everywhere.
	Waiting Stage = "waiting"
	// Done: it is gone everywhere.
	Done Stage = "done"
	// Held: a legal hold stops it, or a policy that was set to observe.
	Held Stage = "held"
	// Cancelled: somebody stopped it before its tombstone.
	Cancelled Stage = "cancelled"
	// Blocked: a step cannot go on until a person has mended something.
	Blocked Stage = "blocked"
	// Observed: the policy only observes erasures, and this one has its plan.
	Observed Stage = "observed"
)

// Step is one way from a stage to another, and the role of the database that takes it.
type Step struct {
	From, To Stage
	// Role is core or erase.
	Role string
}

// The roles that take steps.
const (
	core  = "core"
	erase = "erase"
)

// Steps is the closed table of steps; that of migration 0022 is the same.
func Steps() []Step {
	steps := []Step{
		{Requested, Planned, erase},
		{Planned, Requested, core},
		{Planned, AwaitingApproval, core},
		{Planned, Closing, core},
		{Planned, Observed, core},
		{AwaitingApproval, Requested, core},
		{AwaitingApproval, Closing, core},
		{Closing, Requested, core},
		{Closing, Tombstoned, core},
		{Held, Requested, core},
		{Held, Cancelled, core},
		{Blocked, Requested, core},
		{Blocked, Cancelled, core},
		{Blocked, Held, core},
		{Blocked, Tombstoned, core},
		{Blocked, Executing, core},
		{Tombstoned, Executing, core},
		{Executing, Verifying, erase},
		{Verifying, Answered, erase},
		{Answered, Waiting, core},
		{Waiting, Done, core},
		{Waiting, Executing, core},
	}

	for _, before := range []Stage{Requested, Planned, AwaitingApproval, Closing} {
		steps = append(steps, Step{before, Held, core}, Step{before, Cancelled, core}, Step{before, Blocked, core})
	}

	for _, after := range []Stage{Tombstoned, Executing, Verifying, Answered, Waiting} {
		steps = append(steps, Step{after, Blocked, core})
	}

	return steps
}

// Ended reports whether nothing follows.
func (s Stage) Ended() bool { return s == Done || s == Cancelled || s == Observed }

// WaitsForPeople reports whether only what somebody does, or the end of a hold, leads on.
func (s Stage) WaitsForPeople() bool { return s == AwaitingApproval || s == Held || s == Blocked }

// StageRow says everything about one stage.
type StageRow struct {
	Stage Stage
	// Text is what people read; fixed, so that it carries no data.
	Text string
}

// Stages is the closed table of stages, in the order of the docs.
func Stages() []StageRow {
	return []StageRow{
		{Requested, "asked for; its plan is being made"},
		{Planned, "planned"},
		{AwaitingApproval, "waits until a lead approves its plan"},
		{Closing, "the subject is being closed, which can be taken back"},
		{Tombstoned, "decided for good; the decision is being sealed"},
		{Executing, "erasing"},
		{Verifying, "looking for what is left"},
		{Answered, "erased; the first certificate is being made"},
		{Waiting, "erased; waits until it is gone everywhere"},
		{Done, "gone everywhere"},
		{Held, "stopped by a legal hold, or by a policy that only observes"},
		{Cancelled, "cancelled before anything was erased"},
		{Blocked, "stopped until a person has mended what blocks it"},
		{Observed, "planned only; nothing was erased"},
	}
}

// Text says in words where a case stands.
func (s Stage) Text() string {
	for _, row := range Stages() {
		if row.Stage == s {
			return row.Text
		}
	}

	return "unknown"
}
