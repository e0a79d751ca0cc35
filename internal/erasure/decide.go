package erasure

import "steward/internal/failure"

// Facts are what the database holds of a case at the moment in which it is decided about.
type Facts struct {
	Stage Stage
	// Enforced says that the case erases, and does not end after its plan.
	Enforced bool
	// Observing says that the policy at this moment only observes erasures: nothing that it would erase goes on.
	Observing bool
	// Unasked says that what the case names as its cause is not there, or asks for something else.
	Unasked bool
	// NeedsApproval says that a second person must agree, Approved that one did, to the newest plan.
	NeedsApproval, Approved bool
	// Held says that a hold stops it at this moment.
	Held bool
	// CancelAsked and RetryAsked say that somebody asked for it since the last decision.
	CancelAsked, RetryAsked bool
	// BackTo is where a closing goes back to, empty while it goes on.
	BackTo Stage
	// AppReopened says that the app was told to reopen the subject since it was told to close it.
	AppReopened bool
	// Tombstoned says that it was decided for good.
	Tombstoned bool
	// Remainders counts the places in which verify found something.
	Remainders int
}

// Decision is what becomes of a case.
type Decision struct {
	// Stage is the one that follows; the same means that nothing changes.
	Stage Stage
	// BackTo is set where a closing is to be taken back first, towards that stage.
	BackTo Stage
	// Code says why it is blocked, or what but a hold it is held by.
	Code failure.Code
}

// Decide says what follows from the facts. It never leads to a tombstone: that is
// CommitTombstone's, which looks at all of this again.
func Decide(f Facts) Decision {
	stay := Decision{Stage: f.Stage, BackTo: f.BackTo}

	switch f.Stage {
	case Requested, Held, Planned, AwaitingApproval:
		return decideBefore(f)
	case Closing:
		return decideClosing(f)
	case Blocked:
		return decideBlocked(f)
	case Verifying, Answered: // what is found by night comes at any stage
		if f.Remainders > 0 {
			return Decision{Stage: Blocked, Code: failure.RemaindersFound}
		}

		return stay
	case Waiting:
		switch {
		case f.Remainders > 0:
			return Decision{Stage: Blocked, Code: failure.RemaindersFound}
		case f.RetryAsked:
			return Decision{Stage: Executing} // a store that had failed may do better now
		default:
			return stay
		}
	case Tombstoned, Executing, Done, Cancelled, Observed:
		return stay
	default:
		return stay
	}
}

// decideBefore is for the stages before anything was touched.
func decideBefore(f Facts) Decision {
	switch {
	case f.CancelAsked:
		return Decision{Stage: Cancelled}
	case f.Unasked && f.Stage != Held: // a held one begins anew first
		return Decision{Stage: Blocked, Code: failure.CauseMissing}
	case f.Stage == Planned && !f.Enforced:
		return Decision{Stage: Observed} // a plan harms nothing that is held
	case f.stopped() && f.Enforced:
		return f.held()
	case f.Stage == Requested:
		return Decision{Stage: Requested} // until its plan is made
	case f.Stage == Held:
		return Decision{Stage: Requested} // the plan of before the hold is old
	case !f.Enforced:
		return Decision{Stage: Requested} // no such case waits for an approval: its plan is made anew, and is its end
	case f.NeedsApproval && !f.Approved:
		return Decision{Stage: AwaitingApproval}
	default:
		return Decision{Stage: Closing}
	}
}

// stopped reports whether something stops it that nobody need mend: a hold, or a policy that was set to observe. Both
// count until the tombstone only.
func (f Facts) stopped() bool { return f.Held || f.Observing }

// held is the wait for the end of that. A hold has no code: it is what held means.
func (f Facts) held() Decision {
	if f.Observing && !f.Held {
		return Decision{Stage: Held, Code: failure.PolicyObserves}
	}

	return Decision{Stage: Held}
}

// decideClosing takes a closing back where something speaks against it, and leaves it
// once the app has been told.
func decideClosing(f Facts) Decision {
	back := f.BackTo

	switch {
	case f.CancelAsked:
		back = Cancelled
	case f.stopped():
		back = Held
	case f.Unasked && back == "":
		back = Requested // where it is blocked
	}

	if back == "" {
		return Decision{Stage: Closing}
	}

	if f.BackTo != "" && f.AppReopened {
		decided := Decision{Stage: back}

		if back == Held {
			decided = f.held()
		}

		if back == Blocked {
			decided.Code = failure.Internal // the code of the stop stands in the row already
		}

		return decided
	}

	return Decision{Stage: Closing, BackTo: back}
}

// decideBlocked goes on when somebody asks for it: from the beginning where nothing was
// erased yet, else with what was decided for good.
func decideBlocked(f Facts) Decision {
	switch {
	case f.Tombstoned && f.RetryAsked:
		return Decision{Stage: Tombstoned} // by way of the seal, which is asked for each time
	case f.Tombstoned:
		return Decision{Stage: Blocked}
	case f.CancelAsked:
		return Decision{Stage: Cancelled}
	case f.Held && f.Enforced:
		return Decision{Stage: Held}
	case f.RetryAsked:
		return Decision{Stage: Requested}
	default:
		return Decision{Stage: Blocked}
	}
}
