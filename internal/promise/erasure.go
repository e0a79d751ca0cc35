package promise

import (
	"fmt"
	"time"
)

// The limits of the promise Erasure. The policy has no numbers for it: a case states its own day.
const (
	// answerSoon is how long after its decision an erasure may be without a certificate before somebody should
	// look: its steps take minutes, a large one an hour or two.
	answerSoon = 6 * time.Hour
	// answerLast is when an answer is too late: one month, the limit of Article 12(3) GDPR, at its shortest but
	// for February. After as long, one that still cannot say its day needs somebody.
	answerLast = 30 * 24 * time.Hour
	// finishSoon and finishLast are how long after the stated day the final certificate may be out: the case is
	// verified and ended within the hour, and once more after a restart.
	finishSoon = time.Hour
	finishLast = 24 * time.Hour
)

// ErasureEvidence is what tombstones, certificates and remainders say of all erasures that were decided for good.
type ErasureEvidence struct {
	// Decided counts the tombstones, Finished those with a final certificate.
	Decided, Finished int64
	// CertifiedAt is when the newest certificate was issued; zero for none.
	CertifiedAt time.Time
	// Unanswered counts those without a first certificate; the first of them was decided at UnansweredSince.
	Unanswered      int64
	UnansweredSince time.Time
	// Dayless counts those whose first certificate names no day; the first of them was decided at DaylessSince.
	Dayless      int64
	DaylessSince time.Time
	// GoneBy is the earliest day that a first certificate names and no final one confirms; zero for none.
	GoneBy time.Time
	// Found counts those of which something was found again after their first certificate.
	Found int64
}

// until leaves out what lies after asOf.
func (e ErasureEvidence) until(asOf time.Time) ErasureEvidence {
	e.CertifiedAt = notAfter(e.CertifiedAt, asOf)
	e.UnansweredSince, e.DaylessSince = notAfter(e.UnansweredSince, asOf), notAfter(e.DaylessSince, asOf)
	return e
}

// judgeErasure decides whether what was decided to be deleted is deleted: answered soon, gone by the day that was
// stated, and not found again. Evidence must be cut to asOf.
func judgeErasure(evidence Evidence, asOf time.Time) verdict {
	found := evidence.Erasures
	v := verdict{newest: found.CertifiedAt, due: found.due()}
	unanswered, late := evidence.since(found.UnansweredSince, asOf), evidence.since(found.GoneBy, asOf)
	switch _, known := evidence.Armed[Key{Promise: Erasure}]; {
	case !known:
		v.state, v.due = Broken, time.Time{}
		v.reason = "It was never set up, so nothing watches over it. Run steward setup."
	case late >= finishLast:
		v.state = Broken
		v.reason = fmt.Sprintf("A subject was to be gone everywhere at %s, and no final certificate says so.", clock(found.GoneBy))
	case unanswered >= answerLast:
		v.state, v.reason = Broken, found.unanswered()
	case found.Found > 0:
		v.state = AtRisk
		v.reason = fmt.Sprintf("Of %d erased subjects something was found again after their first certificate.", found.Found)
	case late >= finishSoon:
		v.state = AtRisk
		v.reason = fmt.Sprintf("A subject was to be gone everywhere at %s; its final certificate is due.", clock(found.GoneBy))
	case unanswered >= answerSoon:
		v.state, v.reason = AtRisk, found.unanswered()
	case evidence.since(found.DaylessSince, asOf) >= answerLast:
		v.state = AtRisk
		v.reason = found.dayless() + " The first of them was decided at " + clock(found.DaylessSince) + "."
	case found.Decided == 0:
		v.state, v.reason = Armed, "No erasure has been decided yet."
	default:
		v.state, v.reason = Kept, found.kept()
	}
	return v
}

// due is when the next certificate must be there: the first of what was just decided, else the final one of the
// earliest day.
func (e ErasureEvidence) due() time.Time {
	switch {
	case !e.UnansweredSince.IsZero() && (e.GoneBy.IsZero() || e.UnansweredSince.Add(answerSoon).Before(e.GoneBy)):
		return e.UnansweredSince.Add(answerSoon)
	default:
		return e.GoneBy
	}
}

func (e ErasureEvidence) unanswered() string {
	return fmt.Sprintf("%d decided erasures have no certificate; the first was decided at %s.", e.Unanswered, clock(e.UnansweredSince))
}

func (e ErasureEvidence) dayless() string {
	return fmt.Sprintf("Of %d erased subjects nobody can say by when they are gone everywhere, since a store cannot (steward erase list).",
		e.Dayless)
}

// kept tells how many there were, and what they wait for.
func (e ErasureEvidence) kept() string {
	text := fmt.Sprintf("Of %d decided erasures %d are gone everywhere.", e.Decided, e.Finished)
	if !e.GoneBy.IsZero() {
		text += " The next is to be at " + clock(e.GoneBy) + "."
	}
	if e.Dayless > 0 {
		text += " " + e.dayless()
	}
	return text
}
