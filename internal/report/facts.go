package report

import (
	"slices"
	"time"

	"steward/internal/calendar"
	"steward/internal/evidence/entries"
	"steward/internal/promise"
)

// Facts are what a report is assembled from. What lies after AsOf is ignored.
type Facts struct {
	// Month is the month of the report.
	Month calendar.Month
	// AsOf is the instant of the report.
	AsOf time.Time
	// Zone is where business days are counted.
	Zone *time.Location
	// Rule holds the numbers of the promise; its Databases are those of the report.
	Rule promise.BackupRule
	// Policy holds what Rule does not: hash, mode and when_backups_stop.
	Policy Policy
	// InstalledAt is when this steward was set up.
	InstalledAt time.Time
	// Watched tells since when each database is watched; one that is not in it
	// never was.
	Watched map[string]time.Time
	// Backups are the rows of the catalogue from the month's first day on, and for
	// each database the newest drilled one before. A row's day is unique.
	Backups []Backup
	// Entries are the entries about backups and promises, in the ledger's order.
	Entries []entries.Entry
	// Ledger is the signed state that Entries were read under.
	Ledger Checkpoint
	// Off are the times in which a dev machine was off; none in production.
	Off []promise.Interval
	// Schedules are what Temporal counted, by database.
	Schedules map[string]Schedule
}

// Backup is one row of the catalogue. Times are zero while they are not known.
type Backup struct {
	// ID is opaque; of a copy it is that of the backup.
	ID string
	// Database is its name; that of files begins with files/, that of copies with copies/.
	Database string
	// Copy says that it is a copy in another location, and of what; nil for a backup.
	Copy *Copy
	// Day is the business day.
	Day calendar.Day
	// State is the catalogue's: running, taken, drilled, bad or pruned; of a copy running, copied or pruned.
	State string
	// SnapshotAt, TakenAt, DrilledAt and PrunedAt are its life; of a copy the first three are
	// those of the backup.
	SnapshotAt, TakenAt, DrilledAt, PrunedAt time.Time
	// LostAt is when something that it names was first known to be gone or found wanting,
	// whichever day's drill found it; zero while all is there.
	LostAt time.Time
	// ManifestSHA256 is the hash of its manifest, in hex.
	ManifestSHA256 string
	// Bytes and Rows are what is stored and what it holds.
	Bytes, Rows int64
	// Files is how many files it has.
	Files int64
	// DrillMS is how long the drill took, in milliseconds.
	DrillMS int64
}

// The states of the catalogue that decide how a row is read.
const (
	rowRunning = "running"
	rowDrilled = "drilled"
	rowPruned  = "pruned"
)

// cut takes out of a row what lies after an instant, and what its state does not
// vouch for: only a row that says drilled, or that was drilled before it was
// pruned, claims a drill; one that is taken anew claims nothing yet.
func (b Backup) cut(asOf time.Time) Backup {
	if b.Copy != nil {
		return b.cutCopy(asOf)
	}

	if b.State != rowDrilled && b.State != rowPruned {
		b.DrilledAt = time.Time{}
	}

	if b.State != rowPruned {
		b.PrunedAt = time.Time{}
	}

	if b.State == rowRunning {
		b.TakenAt = time.Time{}
	}

	forget(asOf, &b.SnapshotAt, &b.TakenAt, &b.DrilledAt, &b.PrunedAt, &b.LostAt)

	return b
}

// forget takes out what lies after an instant.
func forget(asOf time.Time, all ...*time.Time) {
	for _, at := range all {
		if at.After(asOf) {
			*at = time.Time{}
		}
	}
}

// start is the first instant of the month, end the first one after what the
// report may speak of: the month's end, or the report's instant before it.
func (f Facts) start() time.Time { return calendar.StartOf(f.Month.First(), f.Zone) }

func (f Facts) end() time.Time {
	if end := calendar.EndOf(f.Month.Last(), f.Zone); end.Before(f.AsOf) {
		return end
	}

	return f.AsOf
}

// onTime is how long the machine was on between two instants.
func (f Facts) onTime(from, to time.Time) time.Duration {
	on := to.Sub(from)

	for _, off := range f.Off {
		start, end := later(off.From, from), earlier(off.To, to)
		if start.Before(end) {
			on -= end.Sub(start)
		}
	}

	return on
}

// offTimes are the times off that touch what the report speaks of.
func (f Facts) offTimes() []Off {
	times := []Off{}

	for _, off := range f.Off {
		if off.From.Before(f.end()) && off.To.After(f.start()) {
			times = append(times, Off{From: off.From.UTC(), To: off.To.UTC()})
		}
	}

	return times
}

// dues are the instants at which the backup of a business day was to begin: one,
// but around a change of the clocks it can be none or two.
func (f Facts) dues(day calendar.Day) []time.Time {
	var dues []time.Time

	for utc := day.Previous(); !utc.After(day.Next()); utc = utc.Next() {
		if at := f.Rule.At.On(utc); calendar.DayOf(at, f.Zone) == day {
			dues = append(dues, at)
		}
	}

	return dues
}

// databases are those of the policy, in its order, then those that only have
// backups of this month.
func (f Facts) databases() []string {
	names := slices.Clone(f.Rule.Databases)

	var others []string

	for _, backup := range f.Backups {
		if f.Month.Holds(backup.Day) && !slices.Contains(names, backup.Database) && !slices.Contains(others, backup.Database) {
			others = append(others, backup.Database)
		}
	}

	slices.Sort(others)

	return append(names, others...)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}

	return b
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}

	return b
}
