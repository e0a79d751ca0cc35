package fileprune

import (
	"time"

	"steward/internal/calendar"
)

// slack is more than a change of the clocks moves the end of a time.
const slack = 24 * time.Hour

// Due is when a content goes: with the last of the manifests that name it, given
// the snapshots of all manifests of its set. That need not be the newest: counted in
// months, the times of 30 and 31 January both end on the last day of February, and
// that of the earlier hour ends first.
func (r Rule) Due(content Content, manifests []time.Time) time.Time {
	due := r.Keep.AddTo(content.NewestAt, r.Zone)

	if _, exact := r.Keep.Exact(); exact {
		return due // the order of the ends is that of the snapshots
	}

	oldest := content.NewestAt.Add(-overtakes(r.Keep))

	for _, at := range manifests {
		if content.namedAt(at) && at.After(oldest) {
			due = later(due, r.Keep.AddTo(at, r.Zone))
		}
	}

	return due
}

// overtakes is how much older than another a snapshot is at most that is kept
// longer. It spares the calendar for the many manifests of a content that lives long.
func overtakes(keep calendar.Duration) time.Duration { return keep.Longest() - keep.Shortest() + slack }
