package report

import (
	"time"

	"steward/internal/ledger"
	"steward/internal/promise"
)

// Format names the layout of the report. It is also the first line of what is
// signed. Reports of the older layouts were given away and are still read; a reader
// refuses any other.
const Format = "steward-backup-evidence/3"

// The older layouts. They have the same members, some of them fewer.
const (
	// FilesFormat is that from before copies were in the report, and findings counted.
	FilesFormat = "steward-backup-evidence/2"
	// OldFormat is that from before files were in it.
	OldFormat = "steward-backup-evidence/1"
)

// readable reports whether a format is one that is read.
func readable(format string) bool {
	return format == Format || format == FilesFormat || format == OldFormat
}

// Report is the evidence of one month. All of its times are in UTC, all of its
// numbers are integers, so that its JSON has one form.
type Report struct {
	// Format is steward-backup-evidence/3; 2 in reports from before copies were in them, 1 from before files were.
	Format string `json:"format"`
	// Month is the month, as 2026-11.
	Month string `json:"month"`
	// Zone is the company's, in which business days are counted.
	Zone string `json:"zone"`
	// AsOf is the instant of the report; what came later is not in it.
	AsOf time.Time `json:"as_of"`
	// Over says that the month was over then; without it days may be missing.
	Over bool `json:"over"`
	// Holds says that nothing was found broken.
	Holds bool `json:"holds"`
	// InstalledAt is when this steward was set up.
	InstalledAt time.Time `json:"installed_at"`
	// Policy is what was promised, as of the report.
	Policy Policy `json:"policy"`
	// Ledger is the signed state of the ledger that the report stands on.
	Ledger Checkpoint `json:"ledger"`
	// Off are the times in the month in which a dev machine was off; none in production.
	Off []Off `json:"off"`
	// Databases are the databases, the sets of files and the copies of the policy, and those
	// that have backups of this month.
	Databases []Database `json:"databases"`
	// Entries are the entries of the ledger that the report cites, in its order.
	Entries []Entry `json:"entries"`
}

// Policy is the promise in numbers, as the policy writes them.
type Policy struct {
	// SHA256 is the hash of the policy, as "steward policy explain" shows it.
	SHA256 string `json:"sha256"`
	// Mode is observe or enforce.
	Mode promise.Mode `json:"mode"`
	// At is when the day's backup begins, in UTC.
	At string `json:"at"`
	// DoneWithin is how long after that it must have been drilled.
	DoneWithin string `json:"done_within"`
	// CatchUp is how long after that a late backup still makes good the day.
	CatchUp string `json:"catch_up"`
	// Keep is how long a backup is stored, from its snapshot.
	Keep string `json:"keep"`
	// Tolerance is how long after that it may still exist.
	Tolerance string `json:"tolerance"`
	// WhenBackupsStop is keep-last-drilled or honour-ceiling.
	WhenBackupsStop string `json:"when_backups_stop"`
}

// Checkpoint is the signed state of the ledger.
type Checkpoint struct {
	// Origin names the ledger; it is the name of its key.
	Origin string `json:"origin"`
	// Size is the number of sealed entries; 0 for an empty ledger.
	Size int64 `json:"size"`
	// Root is the Merkle root over them, in base64.
	Root string `json:"root"`
	// SignedAt is when it was signed.
	SignedAt time.Time `json:"signed_at,omitzero"`
	// Checkpoint is the signed note itself.
	Checkpoint string `json:"checkpoint"`
	// Waiting counts the cited entries that waited for their seal.
	Waiting int `json:"waiting"`
}

// Off is a time in which the machine was off.
type Off struct {
	// From is its first instant.
	From time.Time `json:"from"`
	// To is the first instant after it.
	To time.Time `json:"to"`
}

// Database is the month of one database, of one set of files, or of the copies of one
// database in one other location.
type Database struct {
	// Name is its name in the policy; that of files begins with files/, and that of copies
	// is copies/LOCATION/DATABASE.
	Name string `json:"name"`
	// CopyOf is the database that these are copies of; left out for what is none.
	CopyOf string `json:"copy_of,omitempty"`
	// Location is the name of the place in which they lie; with @ and a bucket for copies in
	// a bucket that the policy calls so no more.
	Location string `json:"location,omitempty"`
	// InPolicy says that the policy names it; without it nothing is due any more.
	InPolicy bool `json:"in_policy"`
	// WatchedSince is when it came under the promise.
	WatchedSince time.Time `json:"watched_since,omitzero"`
	// Totals count the days.
	Totals Totals `json:"totals"`
	// RPO is how much could have been lost, as measured.
	RPO RPO `json:"rpo"`
	// RTO is how long a restore took, as measured by the drills.
	RTO RTO `json:"rto"`
	// Schedule is what Temporal counted of the runs.
	Schedule Schedule `json:"schedule"`
	// Days are the business days of the month up to the report, oldest first.
	Days []Day `json:"days"`
	// Promises are the entries that say when this promise broke and was mended: a hundred
	// at most, the first ones and the newest.
	Promises []ledger.ID `json:"promises"`
	// PromisesMore counts those between the first ones and the newest.
	PromisesMore int `json:"promises_more,omitzero"`
}

// State is where one business day stands.
type State string

// The states of a day.
const (
	// Proven: a backup of the day was drilled, or a drilled one copied, and the ledger says so.
	Proven State = "proven"
	// Missed: there is none, and the time to catch up is over.
	Missed State = "missed"
	// Due: there is none yet, and there is still time.
	Due State = "due"
	// Excused: there is none, since a dev machine was off. Never in production.
	Excused State = "excused"
	// NotInstalled: the day began before this database was watched.
	NotInstalled State = "not_installed"
	// NoneDue: the clocks changed, and no run was due on this day.
	NoneDue State = "none_due"
	// NotPromised: the policy does not name this database any more.
	NotPromised State = "not_promised"
)

// Day is one business day of one database, one set of files or the copies in one location. Times and numbers are zero, and then
// left out, where there is nothing.
type Day struct {
	// Day is the business day in the company's zone, as 2006-01-02.
	Day string `json:"day"`
	// State is proven, missed, due, excused, not_installed, none_due or not_promised.
	State State `json:"state"`
	// DueAt is when the day's backup was to begin; left out where none was due.
	DueAt time.Time `json:"due_at,omitzero"`
	// Backup is the opaque id, of a copy that of its backup; empty for a day that no run ever opened.
	Backup string `json:"backup,omitempty"`
	// SnapshotAt is the instant that the backup shows.
	SnapshotAt time.Time `json:"snapshot_at,omitzero"`
	// TakenAt is when archive and manifest were stored.
	TakenAt time.Time `json:"taken_at,omitzero"`
	// TakenEntry is the entry that proves it.
	TakenEntry ledger.ID `json:"taken_entry,omitempty"`
	// Bytes is the size of all that was stored, encrypted; of files, their own size.
	Bytes int64 `json:"bytes,omitzero"`
	// Files is the number of files in it.
	Files int64 `json:"files,omitzero"`
	// Rows is the number of rows in it.
	Rows int64 `json:"rows,omitzero"`
	// ManifestSHA256 is the hash of its signed manifest, in hex.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// DrilledAt is when it was restored elsewhere and found equal; of files, when what
	// is new and a sample of the others was read and found equal; of a copy, when its backup
	// was: the same bytes.
	DrilledAt time.Time `json:"drilled_at,omitzero"`
	// DrillMS is how long that took, in milliseconds.
	DrillMS int64 `json:"drill_ms,omitzero"`
	// DrilledEntry is the entry that proves it.
	DrilledEntry ledger.ID `json:"drilled_entry,omitempty"`
	// CopiedAt is when a copy was whole: every object was compared with the signed manifest.
	CopiedAt time.Time `json:"copied_at,omitzero"`
	// CopiedEntry is the entry that proves it.
	CopiedEntry ledger.ID `json:"copied_entry,omitempty"`
	// PruneDueAt is when its time of keeping is over: as the entry of its end says, or
	// by the policy of the report.
	PruneDueAt time.Time `json:"prune_due_at,omitzero"`
	// PrunedAt is when it was proven gone; of files, when the manifest was, and left out
	// while contents are left that no younger manifest names.
	PrunedAt time.Time `json:"pruned_at,omitzero"`
	// PrunedEntry is the receipt in the ledger.
	PrunedEntry ledger.ID `json:"pruned_entry,omitempty"`
	// Findings are what is to be said of the day, the broken first.
	Findings []Finding `json:"findings"`
}

// Finding is one thing to be said of a day.
type Finding struct {
	// Code says what; docs/evidence.md has the table.
	Code Code `json:"code"`
	// Broken says that the promise was not kept.
	Broken bool `json:"broken"`
	// At is when it happened or began; left out where the day says it.
	At time.Time `json:"at,omitzero"`
	// Until is when it ended; left out while it lasts.
	Until time.Time `json:"until,omitzero"`
	// Entry is the entry of the ledger that says so.
	Entry ledger.ID `json:"entry,omitempty"`
	// Kind is that entry's kind.
	Kind ledger.Kind `json:"kind,omitempty"`
	// Cause is the code in that entry.
	Cause string `json:"cause,omitempty"`
	// Entries is how many entries of this kind and cause say so of the day; left out for one.
	Entries int `json:"entries,omitzero"`
	// Examples are some of them beside the first.
	Examples []ledger.ID `json:"examples,omitempty"`
	// Count is how many objects they are about, where they count them.
	Count int64 `json:"count,omitzero"`
}

// Totals count the days of one database.
type Totals struct {
	// Due counts the days on which a backup was due, those that still have time
	// and those that are excused among them.
	Due int `json:"due"`
	// Proven counts the days with a drilled backup, due or not.
	Proven int `json:"proven"`
	// Late counts those of them that were drilled later than promised.
	Late int `json:"late"`
	// Missed counts the days without one.
	Missed int `json:"missed"`
	// Excused counts the days without one on which a dev machine was off.
	Excused int `json:"excused"`
	// Pending counts the days that still have time.
	Pending int `json:"pending"`
	// WithoutRun counts the days that were due and that no run ever opened: the
	// schedule missed or skipped them.
	WithoutRun int `json:"without_run"`
	// Bytes is the sum of the days' sizes.
	Bytes int64 `json:"bytes"`
	// Pruned counts the backups that are proven gone.
	Pruned int `json:"pruned"`
	// Exceptions counts the backups that were kept beyond their time under one.
	Exceptions int `json:"exceptions"`
	// Broken counts the findings that say so.
	Broken int `json:"broken"`
}

// RPO is the recovery point as measured: how much could have been lost.
type RPO struct {
	// LargestSeconds is the largest gap between two consecutive drilled snapshots,
	// of which the later is of this month; 0 without two.
	LargestSeconds int64 `json:"largest_seconds"`
	// From is the snapshot before that gap.
	From time.Time `json:"from,omitzero"`
	// To is the snapshot after it.
	To time.Time `json:"to,omitzero"`
	// NowSeconds is the age of the newest drilled snapshot at the report, or at the
	// end of the month if that was earlier; -1 without any.
	NowSeconds int64 `json:"now_seconds"`
}

// RTO is the recovery time as measured: drills of the month, from their start
// until all content was compared.
type RTO struct {
	// Drills counts them.
	Drills int `json:"drills"`
	// P50MS is their median, nearest rank, in milliseconds.
	P50MS int64 `json:"p50_ms"`
	// MaxMS is the longest.
	MaxMS int64 `json:"max_ms"`
}

// Schedule is what Temporal counted of a schedule's runs since it was created,
// not only in the month. Nobody signs these numbers; the days without a run are
// counted from the catalogue.
type Schedule struct {
	// ID is its id in Temporal.
	ID string `json:"id"`
	// State is active, paused or missing.
	State string `json:"state"`
	// CreatedAt is since when it counts.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Runs counts the runs that it started.
	Runs int `json:"runs"`
	// Missed counts those that it did not start since the catch-up window was over.
	Missed int `json:"missed"`
	// Skipped counts those that it did not start since one was still at work.
	Skipped int `json:"skipped"`
}

// The states of a schedule.
const (
	// ScheduleActive starts its runs.
	ScheduleActive = "active"
	// SchedulePaused starts none until somebody resumes it.
	SchedulePaused = "paused"
	// ScheduleMissing is not there.
	ScheduleMissing = "missing"
)

// Entry is one cited entry of the ledger.
type Entry struct {
	// ID is opaque.
	ID ledger.ID `json:"id"`
	// Kind is what it is evidence of.
	Kind ledger.Kind `json:"kind"`
	// At is the instant of the business event.
	At time.Time `json:"at"`
	// Position is its place in the ledger; -1 while it waited for its seal.
	Position int64 `json:"position"`
	// Hash is its leaf hash, in base64: only this very entry has it.
	Hash string `json:"hash"`
}
