// Package prune decides which objects of the bucket go and which stay, and why.
// It is pure: the catalogue, the listing of the bucket, the rule and an instant
// in, one decision for each generation of each object out.
//
// The rule in force now counts, from each snapshot on: where the policy went from
// seven days to five and back, a backup of six days stays, and what five days let
// go is gone. A clock that stands too early makes nothing due and ends no
// exception, so it can only delay; one that stands too late is what the bucket's
// own retention policy guards against.
package prune

import (
	"time"

	"steward/internal/calendar"
)

// Backup is one row of the catalogue.
type Backup struct {
	ID       string
	Database string
	// Attempt is the one in charge; what other attempts left are orphans.
	Attempt string
	// OpenedAt is when its day was opened: no attempt can show an earlier time.
	OpenedAt time.Time
	// SnapshotAt is what it shows; zero before the first attempt.
	SnapshotAt time.Time
	// Whole says that all its objects were stored and recorded.
	Whole bool
	// Drilled says that it was restored and found equal.
	Drilled bool
	// Pruned says that it is recorded as proven gone.
	Pruned bool
	// Exception is what is recorded of its stay beyond the ceiling.
	Exception Exception
}

// start is the instant from which the time of keeping counts.
func (b Backup) start() time.Time {
	if b.SnapshotAt.IsZero() {
		return b.OpenedAt
	}

	return b.SnapshotAt
}

// Exception is the record of a backup's stay beyond the ceiling. Its times are
// zero until that step was done.
type Exception struct {
	// Since is when it was recorded, before any hold was set.
	Since time.Time
	// EndedAt is when its end was recorded.
	EndedAt time.Time
	// ReleasedAt is when its objects were found without a hold after the end.
	ReleasedAt time.Time
}

// open says that the exception holds at present.
func (e Exception) open() bool { return !e.Since.IsZero() && e.EndedAt.IsZero() }

// holds says that a temporary hold on the backup's objects is Steward's own.
func (e Exception) holds() bool { return !e.Since.IsZero() && e.ReleasedAt.IsZero() }

// Announced is one object that an attempt wrote, or was about to.
type Announced struct {
	Name    string
	Backup  string
	Attempt string
	// Generation is the one that was stored; 0 where that is not known.
	Generation int64
	// Gone says that it was proven gone before.
	Gone bool
}

// Listed is one generation of one object, as some listing of the bucket shows it.
type Listed struct {
	Name       string
	Generation int64
	// Noncurrent says that another generation took its place, or that it was
	// deleted in a bucket with versioning.
	Noncurrent bool
	// SoftDeleted says that it can only be restored; nobody can delete it.
	SoftDeleted bool
	// HardDelete is when a soft-deleted one goes by itself.
	HardDelete time.Time
	// RetainUntil is until when the bucket's retention policy refuses to let it go.
	RetainUntil time.Time
	// Held says that a temporary hold stands on it.
	Held bool
}

// Rule is what the policy says.
type Rule struct {
	// Keep is how long a backup is stored, from its snapshot: a floor and a
	// ceiling.
	Keep calendar.Duration
	// Zone is where its months and years are counted.
	Zone *time.Location
	// KeepLastDrilled keeps the newest drilled backup of a database beyond the
	// ceiling when no younger one exists (when_backups_stop).
	KeepLastDrilled bool
	// Databases are those that the policy names. What belongs to another has left
	// it: nobody waits for a younger backup of that, so it gets no exception and
	// goes at its time, the newest proven one too.
	Databases []string
	// Left says that the policy names no longer the location that these copies lie in:
	// no younger one will come, so the newest goes at its time too. It is false of the
	// first location.
	Left bool
	// Tolerance is how long after its time an object may still be there before
	// the promise is broken.
	Tolerance time.Duration
}

// Input is everything that a plan is made from.
type Input struct {
	// Backups are all rows of the catalogue, those that are pruned among them.
	Backups []Backup
	// Announced are all objects that were ever announced; names are unique.
	Announced []Announced
	// Listed are the generations of all listings: live, noncurrent, soft-deleted.
	Listed []Listed
	// Rule is the one in force.
	Rule Rule
	// AsOf is the instant of the decision.
	AsOf time.Time
}
