package credential

import (
	"fmt"
	"time"

	"steward/internal/failure"
)

// The units in which people think of credentials.
const (
	day     = 24 * time.Hour
	week    = 7 * day
	quarter = 90 * day
	year    = 365 * day
)

// Span says for how long something may last.
type Span struct {
	// Usual is taken where nothing was asked for, Longest is the most that may be.
	Usual, Longest time.Duration
}

// Keys is for how long a key of the app holds: a rotation each year is one that
// people plan, and a second year is for those who forget.
func Keys() Span { return Span{Usual: year, Longest: 2 * year} }

// Tokens is for how long a token of staff holds: a quarter, since people change
// what they do more often than products.
func Tokens() Span { return Span{Usual: quarter, Longest: year} }

// Overlap is for how long the old credential holds beside the new one after a
// rotation: a day is enough to deploy, a week the most that two are good for.
func Overlap() Span { return Span{Usual: day, Longest: week} }

// RowStay is how long the row of a credential stays after it has expired, so that a
// yearly audit can still say which credential an act was done with.
const RowStay = 400 * day

// shortest is the least that a credential or an overlap may last; less is a mistake
// in the unit.
const shortest = time.Minute

// Until is the end of what begins at the given instant and was asked to last so
// long; nil asks for the usual. It fails with CredentialRefused.
func (s Span) Until(at time.Time, asked *time.Duration) (time.Time, error) {
	switch {
	case asked == nil:
		return at.Add(s.Usual), nil
	case *asked < shortest, *asked > s.Longest:
		return time.Time{}, failure.New(failure.CredentialRefused, "reading how long it is to last (from 1 minute to "+days(s.Longest)+")")
	}

	return at.Add(*asked), nil
}

// UntilOverlap is Until, and takes 0 too: the old credential ends at once.
func (s Span) UntilOverlap(at time.Time, asked *time.Duration) (time.Time, error) {
	if asked != nil && *asked == 0 {
		return at, nil
	}

	return s.Until(at, asked)
}

// RotationGrace is how long the credential that a rotation was asked with still holds
// at least: should the answer be lost, it asks again with the same Idempotency-Key and
// is given the same new one.
const RotationGrace = 5 * time.Minute

func days(span time.Duration) string { return fmt.Sprintf("%d days", span/day) }
