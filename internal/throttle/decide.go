package throttle

import (
	"fmt"
	"time"
)

const (
	// shareOfDeadline is the part of the time up to the deadline that pauses may
	// use up: a half leaves the work as much as it would need on a source that
	// is twice as slow as it should be.
	shareOfDeadline = 2
	// longestHold bounds the pauses of one attempt where no deadline is known, or
	// a far one: a paused dump holds its snapshot, and the source cannot clean up
	// behind it meanwhile.
	longestHold = 2 * time.Hour
	// calmAgain is the part of the lag below which a pause ends: were it the lag
	// itself, the dump would stop and go with every look.
	calmAgain = 2
)

// Rule says when the work is held back.
type Rule struct {
	// MaxLag is how far the slowest replica may be behind; 0 looks at none.
	MaxLag time.Duration
}

// Reading is one look at the source.
type Reading struct {
	// Lag is how far the slowest replica is behind, 0 without replicas.
	Lag time.Duration
	// Loaded is what the company's own load query said.
	Loaded bool
	// Silent means that the source did not answer in time, which it would have
	// done had it been calm.
	Silent bool
}

// Verdict is a decision with its reason.
type Verdict struct {
	Pause bool
	// Over says that the work goes on since it was held long enough, though the source is not calm.
	Over   bool
	Reason string
}

// Decide says whether the work should be held from now on. Paused is whether it
// is held already, held how long it has been so far in all, most how long it may
// be: what is promised comes before the comfort of its source.
func (r Rule) Decide(seen Reading, paused bool, held, most time.Duration) Verdict {
	limit := r.MaxLag
	if paused {
		limit = r.MaxLag / calmAgain
	}

	var reason string

	switch {
	case seen.Silent:
		reason = "the source does not answer in time"
	case seen.Loaded:
		reason = "the load query asks for it"
	case r.MaxLag > 0 && seen.Lag > limit:
		reason = fmt.Sprintf("the slowest replica is %s behind, more than %s", seen.Lag, limit)
	default:
		return Verdict{Reason: "the source is calm"}
	}

	if held >= most {
		return Verdict{Over: true, Reason: fmt.Sprintf("the deadline allows no more pauses after %s, though %s", most, reason)}
	}

	return Verdict{Pause: true, Reason: reason}
}

// Most is how long work that begins at start may be held in all. A zero deadline
// is an unknown one.
func Most(start, deadline time.Time) time.Duration {
	if deadline.IsZero() {
		return longestHold
	}

	return min(longestHold, max(0, deadline.Sub(start)/shareOfDeadline))
}
