package promise

import (
	"time"

	"steward/internal/calendar"
)

// Rule is one promise of a policy, with the numbers that judge it.
type Rule struct {
	// Name is the promise.
	Name Name
	// Mode is observe or enforce.
	Mode Mode
	// Zone is the company's zone, in which business days and calendar units count.
	Zone *time.Location
	// Backups holds the numbers of the promise Backups, nil for any other.
	Backups *BackupRule
	// Ledger holds the numbers of the promise Ledger, nil for any other.
	Ledger *LedgerRule
}

// BackupRule holds the numbers of "backed up every day, stored for 7 days".
// All durations but Keep are of exact units.
type BackupRule struct {
	// Databases are the names of the databases; each has its own status.
	Databases []string
	// At is the time of day, UTC, at which the day's backup begins.
	At calendar.TimeOfDay
	// DoneWithin is how long after At the day's backup must have been drilled.
	DoneWithin calendar.Duration
	// CatchUp is how long after At a late backup still makes good the day.
	CatchUp calendar.Duration
	// Keep is how long a backup is kept, counted from its snapshot.
	Keep calendar.Duration
	// Tolerance is how long after Keep a backup may still exist.
	Tolerance calendar.Duration
	// MayBeEmpty are the items of files whose backups may have no file at all.
	MayBeEmpty []string
}

// LedgerRule holds the numbers of the ledger's own promise, in exact units.
type LedgerRule struct {
	// VerifyEvery is how long one verification of both copies counts. After
	// twice that time without another the promise is broken.
	VerifyEvery calendar.Duration
	// SealWithin is how long an entry may wait to be sealed into the mirror.
	SealWithin calendar.Duration
}

// Key names a status: a promise, and the item when it has several.
type Key struct {
	// Promise is the promise.
	Promise Name
	// Item is the database of Backups, empty for a promise with one status.
	Item string
}

// Evidence is what was read from the catalogue, the ledger and its mirror.
// Whatever lies after asOf is ignored.
type Evidence struct {
	// Armed tells when each item was first set up. An item without an entry was
	// never set up, which breaks its promise.
	Armed map[Key]time.Time
	// Backups are the rows of the catalogue, in any order. Rows that are gone and
	// older than the period of keeping may be left out.
	Backups []Backup
	// Ledger is the newest evidence about the ledger.
	Ledger LedgerEvidence
	// Erasures is what is known of the erasures that were decided.
	Erasures ErasureEvidence
	// Dev says that this is a dev environment. Only there Off counts.
	Dev bool
	// Off are the intervals in which the whole dev machine was off: the time in
	// them is not counted against a promise.
	Off []Interval
}

// Backup is one backup of one database.
type Backup struct {
	// Database is the name of the database in the policy.
	Database string
	// Day is the business day that it is the backup of.
	Day calendar.Day
	// SnapshotAt is the instant whose data it holds; its age counts from here.
	SnapshotAt time.Time
	// DrilledAt is when it was restored and found equal; zero until then.
	DrilledAt time.Time
	// GoneAt is when it was proven gone from every listing; zero while it exists.
	GoneAt time.Time
	// LostAt is when objects of it were found missing from the bucket; zero while
	// all are there. From then on it proves nothing.
	LostAt time.Time
	// ExceptedAt is since when it stays beyond its time, as a recorded exception;
	// zero for one that does not.
	ExceptedAt time.Time
	// Files is how many files a backup of files has; 0 for any other.
	Files int64
}

// LedgerEvidence is the newest evidence about the ledger.
type LedgerEvidence struct {
	// VerifiedAt is when both copies were last verified to the end; zero if never.
	VerifiedAt time.Time
	// Finding is the fixed text of what that verification found wrong, empty when
	// it found nothing. It never holds personal data.
	Finding string
	// CheckpointAt is when the newest signed checkpoint was made; zero if none.
	CheckpointAt time.Time
	// CheckpointSize is the number of entries that the checkpoint covers.
	CheckpointSize int64
	// OldestUnsealedAt is when the oldest entry that waits for its seal was
	// written; zero when none waits.
	OldestUnsealedAt time.Time
}

// Interval is the time from From until To, without To.
type Interval struct {
	// From is the first instant of the interval.
	From time.Time
	// To is the first instant after it.
	To time.Time
}
