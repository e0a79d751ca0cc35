package promise

import "time"

// Mode says whether a promise acts.
type Mode string

const (
	// Observe computes, shows and forecasts, and warns nobody and destroys nothing.
	Observe Mode = "observe"
	// Enforce acts, and alarms when the promise is not kept.
	Enforce Mode = "enforce"
)

// State is the judgement of one promise at one instant.
type State string

const (
	// Kept means: positive evidence proves it, and nothing contradicts it.
	Kept State = "kept"
	// AtRisk means: evidence is due and missing, but there is still time to keep it.
	AtRisk State = "at risk"
	// Broken means: the promise was not kept, or nothing proves that it was.
	Broken State = "broken"
	// Armed means: everything is set up, and the first evidence is not due yet.
	Armed State = "armed"
	// Observed means: the promise is in observe mode; the reason says what it would be.
	Observed State = "observed"
	// NotBuilt means: this version of Steward does not keep this promise.
	NotBuilt State = "not built"
)

// Alarms reports whether the state needs somebody: only at risk and broken do.
// An unknown state alarms too.
func (s State) Alarms() bool {
	switch s {
	case Kept, Armed, Observed, NotBuilt:
		return false
	default:
		return true
	}
}

// Status is the judgement of a promise, or of one item of it.
type Status struct {
	// Promise is the key of the promise in the policy.
	Promise Name `json:"promise"`
	// Item is what the status is about within the promise, such as the name of a
	// database; empty when the promise has one status only.
	Item string `json:"item,omitempty"`
	// LeftPolicy says that the policy names the item no longer, and that something of
	// it is still stored.
	LeftPolicy bool `json:"left_policy,omitempty"`
	// Mode is the mode that the policy sets.
	Mode Mode `json:"mode"`
	// State is the judgement.
	State State `json:"state"`
	// Reason explains the state in full sentences, printed to people unchanged.
	Reason string `json:"reason"`
	// NewestEvidence is the instant that the newest positive evidence proves; zero without any.
	NewestEvidence time.Time `json:"newest_evidence,omitzero"`
	// NextDue is the instant by which the next evidence must exist; zero when none is due ever.
	NextDue time.Time `json:"next_due,omitzero"`
}

// Alarming reports whether any of the statuses alarms: then `steward promises`
// exits with the code of a broken promise.
func Alarming(statuses []Status) bool {
	for _, status := range statuses {
		if status.State.Alarms() {
			return true
		}
	}
	return false
}
