package account

import (
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
)

// MaxSigns is how many signs of life one call may bring: an app that tells once a
// minute of all its users stays below it, and the call below half a megabyte.
const MaxSigns = 5000

// earliest is a time that no sign of life can have: an earlier one is a mistake of
// units, such as seconds that were taken for milliseconds.
func earliest() time.Time { return time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC) }

// Sign says that a user was in an account at an instant.
type Sign struct {
	// Account is the account's id.
	Account string
	// At is when, in UTC, and not after the instant at which it was taken.
	At time.Time
}

// Plausible is the instant that a sender names, in UTC, as it is to be recorded at
// asOf. The future is refused with SignInFuture, but for what two clocks may
// differ: that much of it counts as now. Before the year 2000 it is SignTooOld. No
// time stays none.
func Plausible(at, asOf time.Time) (time.Time, error) {
	switch {
	case at.IsZero():
		return time.Time{}, nil
	case at.After(asOf.Add(clocks.Skew)):
		return time.Time{}, failure.New(failure.SignInFuture, "reading a time")
	case at.Before(earliest()):
		return time.Time{}, failure.New(failure.SignTooOld, "reading a time")
	case at.After(asOf):
		return asOf.UTC(), nil
	default:
		return at.UTC(), nil
	}
}

// newest keeps of each account the newest sign, in any order of the signs.
func newest(into map[string]time.Time, signs []Sign) {
	for _, sign := range signs {
		if seen, told := into[sign.Account]; !told || sign.At.After(seen) {
			into[sign.Account] = sign.At
		}
	}
}
