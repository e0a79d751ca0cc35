package replay

import "time"

// strayAge is how old an object must be, and how long ago its erasure must have ended, before it is taken for a stray: a step of an
// erasure is tried for a day, so that whoever has written an object and not its row yet is done long before.
const strayAge = 48 * time.Hour

// Fate is what becomes of an object in the bucket of replay records.
type Fate string

// The fates.
const (
	// Stays: it is a record, may be one that is being written, or is left to whoever ends its erasure.
	Stays Fate = "stays"
	// Goes: its erasure has ended, or its record was proven gone, and nothing says that there is one again.
	Goes Fate = "goes"
	// Unknown: nobody knows an erasure that it is of. It stays: after a restore of the steward database it may be all that is left of one.
	Unknown Fate = "unknown"
)

// Lying is an object as it lies in the bucket, and what the steward database holds of it.
type Lying struct {
	// Name is the object's.
	Name string
	// At is when its youngest generation was stored.
	At time.Time
	// Recorded says that replay_records has it, Gone that it was proven gone once.
	Recorded, Gone bool
	// Case says that the erasure of its name is there; EndedAt is when that ended, zero while it is open.
	Case    bool
	EndedAt time.Time
}

// Fate says what becomes of it. The record of an erasure that is open, or that nobody knows, never goes.
func (l Lying) Fate(asOf time.Time) Fate {
	switch {
	case l.Recorded || asOf.Sub(l.At) < strayAge:
		return Stays // where its erasure has ended, that one's run removes it
	case l.Case && (l.EndedAt.IsZero() || asOf.Sub(l.EndedAt) < strayAge):
		return Stays
	case l.Case || l.Gone:
		return Goes
	default:
		return Unknown
	}
}
