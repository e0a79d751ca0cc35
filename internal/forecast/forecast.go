// Package forecast estimates what long work still has to do. An estimate is for
// people who wait; nothing is decided by it.
package forecast

import "time"

const (
	// usualRatio is what business data compresses to before it is encrypted, and
	// about what the tables of a database take for each byte that is stored of them.
	usualRatio = 3.5
	// widestRatio bounds what is believed of an earlier size: a backup is never
	// bigger than its tables, and not smaller than a thirtieth of them. Beyond that the
	// database has grown or shrunk since, and its own size says more.
	widestRatio = 30
	// soonest is how long work must have been at it before its pace says
	// anything.
	soonest = 3 * time.Second
)

// Stored estimates how many bytes a backup will store, from those of the last
// good one of the same database and from the size of its tables now. Zero is an
// unknown size; the estimate is then zero too, if both are.
func Stored(last, tables int64) int64 {
	switch {
	case tables <= 0:
		return max(0, last)
	case last <= 0, last > tables, last < tables/widestRatio:
		return int64(float64(tables) / usualRatio)
	default:
		return last
	}
}

// Left estimates what remains of work of which done bytes of expected took the
// given time, pauses apart. Known is false while it is too early to say, when
// nothing is expected, and when more was done than was expected.
func Left(done, expected int64, took time.Duration) (bytes int64, left time.Duration, known bool) {
	if done <= 0 || expected <= done || took < soonest {
		return 0, 0, false
	}

	bytes = expected - done

	return bytes, time.Duration(float64(took) * float64(bytes) / float64(done)), true
}
