package failure

import (
	"slices"
	"sync"
)

// Row says everything about one code.
type Row struct {
	Code Code
	// Text is what people read; fixed, so that it cannot carry data.
	Text string
	// Hint says what to do; where it names a command, that command exists.
	Hint string
	// Retryable tells whether the same step may succeed when tried again.
	Retryable bool
	// Exit is the exit code of a command that ends with this failure.
	Exit Exit
	// Retake tells whether taking a backup anew may help when its drill ends with
	// this code: the backup is bad, not the world around it. EvidenceMissing is one:
	// a drill whose first verdict was lost on its way finds the backup marked bad.
	// DecryptFailed is none: the key is wrong and would be for the next one too.
	Retake bool
}

// Exit is an exit code of the steward command. An unknown one means failure.
type Exit int

// The exit codes.
const (
	// OK: done as asked.
	OK Exit = 0
	// Failed: it did not work; the message says why.
	Failed Exit = 1
	// Usage: the command line was wrong; nothing was done.
	Usage Exit = 2
	// Declined: a person, or a missing confirmation, stopped it.
	Declined Exit = 3
	// NotAllowed: the credentials do not allow it.
	NotAllowed Exit = 4
	// Broken: a promise is at risk or broken, or evidence does not hold.
	Broken Exit = 5
	// Pending: still running when the time to wait was over.
	Pending Exit = 6
	// Refused: a guard (drift of a bucket, a hold) forbade it.
	Refused Exit = 7
	// Interrupted: ended by a signal.
	Interrupted Exit = 130
)

// The codes.
const (
	Internal            Code = "internal"
	Unavailable         Code = "unavailable"
	UsageWrong          Code = "usage"
	Cancelled           Code = "cancelled"
	NotConfirmed        Code = "not_confirmed"
	TimedOut            Code = "timed_out"
	Unauthorised        Code = "unauthorised"
	ConfigInvalid       Code = "config_invalid"
	PolicyInvalid       Code = "policy_invalid"
	ObjectNotFound      Code = "object_not_found"
	ObjectExists        Code = "object_exists"
	ObjectDiffers       Code = "object_differs"
	BucketDrift         Code = "bucket_drift"
	BucketChanged       Code = "bucket_changed"
	UnknownDatabase     Code = "unknown_database"
	UnknownBackup       Code = "unknown_backup"
	DayRefused          Code = "day_refused"
	DayTaken            Code = "day_taken"
	DumpFailed          Code = "dump_failed"
	LockNotGranted      Code = "lock_not_granted"
	SourceChanged       Code = "source_changed"
	SourceUnreadable    Code = "source_unreadable"
	RestoreFailed       Code = "restore_failed"
	ManifestInvalid     Code = "manifest_invalid"
	SignatureInvalid    Code = "signature_invalid"
	ArchiveInvalid      Code = "archive_invalid"
	ContentDiffers      Code = "content_differs"
	DecryptFailed       Code = "decrypt_failed"
	ClientVulnerable    Code = "client_vulnerable"
	DrillClusterUnfit   Code = "drill_cluster_unfit"
	ExtensionMissing    Code = "extension_missing"
	QueryRefused        Code = "query_refused"
	StorageRefused      Code = "storage_refused"
	StillListed         Code = "still_listed"
	RecordsLeft         Code = "records_left"
	PlanChanged         Code = "plan_changed"
	ObservedOnly        Code = "observed_only"
	EvidenceMissing     Code = "evidence_missing"
	LedgerUnknown       Code = "ledger_unknown"
	LedgerTampered      Code = "ledger_tampered"
	LedgerBehind        Code = "ledger_behind"
	LedgerMoved         Code = "ledger_moved"
	LedgerEntryRefused  Code = "ledger_entry_refused"
	LedgerClock         Code = "ledger_clock"
	PromiseBroken       Code = "promise_broken"
	StillRunning        Code = "still_running"
	DevOnly             Code = "dev_only"
	DatabaseOutOfDate   Code = "database_out_of_date"
	ReportRefused       Code = "report_refused"
	TemporalUnavailable Code = "temporal_unavailable"
	HeartbeatFailed     Code = "heartbeat_failed"
)

// Lookup is the row of a code; of an unknown code, the row of Internal.
func Lookup(code Code) Row {
	if row, known := rows()[code]; known {
		return row
	}

	return rows()[Internal]
}

// rows is the table by code, which nobody changes; the API looks into it for each
// refusal.
//
//nolint:gochecknoglobals // a table
var rows = sync.OnceValue(func() map[Code]Row {
	all := map[Code]Row{}
	for _, row := range Table() {
		all[row.Code] = row
	}

	return all
})

// Table is the whole table, in a fixed order.
func Table() []Row {
	return slices.Concat(general(), backups(), ledger(), requests(), credentials(), accounts(), messages(), stores(), proofs(),
		dataMaps(), erasures())
}

func general() []Row {
	const again = "It is tried again by itself; if it stays, run: steward doctor"

	return []Row{
		{Internal, "unexpected failure", again, true, Failed, false},
		{Unavailable, "an outside system did not answer", again, true, Failed, false},
		{TimedOut, "it took longer than allowed", again, true, Failed, false},
		{
			Unauthorised, "the credentials do not allow it", "Mend the credentials for what the message names, then run: steward doctor",
			true, NotAllowed, false,
		},
		{TemporalUnavailable, "Temporal did not answer", "Check TEMPORAL_ADDRESS, then run: steward doctor", true, Failed, false},
		{Cancelled, "cancelled", "Run it again when you are ready.", false, Declined, false},
		{NotConfirmed, "nobody said yes to the plan", "Read the plan; if it is right, run: steward doctor --fix --yes", false, Declined, false},
		{UsageWrong, "the command line is wrong", "See: steward --help", false, Usage, false},
		{ConfigInvalid, "the configuration is wrong", "Set what the message names, then run: steward doctor", false, Usage, false},
		{PolicyInvalid, "the policy is wrong", "Mend what the message names, then run: steward policy check", false, Usage, false},
		{DevOnly, "this is for the dev environment only", "Unset the variable that the message names.", false, Refused, false},
		{DatabaseOutOfDate, "the steward database lacks migrations", "Run: steward setup", true, Failed, false},
		{HeartbeatFailed, "a heartbeat outside was not accepted", "See docs/runbooks.md, then run: steward doctor", true, Failed, false},
		{
			ReportRefused, "there can be no such report",
			"Name a month since the installation, and one database if there are many: steward backup evidence", false, Usage, false,
		},
		{EvidenceMissing, "the evidence for this step is missing", "Run: steward doctor", false, Broken, true},
		{PromiseBroken, "a promise is at risk or broken", "See why: steward promises", false, Broken, false},
		{StillRunning, "still running when the time to wait was over", "Look again: steward backup list", false, Pending, false},
	}
}

func backups() []Row {
	const look = "See what happened: steward backup list"

	return []Row{
		{ObjectNotFound, "the object is not in the bucket", "Compare catalogue and bucket: steward backup verify", false, Failed, true},
		{ObjectExists, "an object of that name is there already", look, false, Failed, false},
		{ObjectDiffers, "what is stored is not what was sent", look, true, Failed, false},
		{BucketDrift, "the bucket is not set up as the policy says", "See what differs: steward doctor", true, Refused, false},
		{BucketChanged, "somebody else changed the bucket meanwhile", "Look again: steward doctor", true, Failed, false},
		{UnknownDatabase, "the policy names no such database", "See: steward policy explain", false, Usage, false},
		{UnknownBackup, "there is no such backup", look, false, Usage, false},
		{DayRefused, "the business day is not one that may be backed up now", "Run today's: steward backup run --all", false, Refused, false},
		{DayTaken, "another run is at work on this day", look, true, Failed, false},
		{DumpFailed, "pg_dump did not end well", look, true, Failed, false},
		{
			LockNotGranted, "a table of the source stayed locked for longer than a dump waits",
			"See who holds it in the source (pg_stat_activity); it is tried again by itself. Then run: steward backup list", true, Failed, false,
		},
		{SourceChanged, "a table was rewritten or dropped between the snapshot and its lock", look, true, Failed, false},
		{
			SourceUnreadable, "the login of the backup may not read all of the source",
			"Grant what docs/production.md says, then run: steward doctor", true, Failed, false,
		},
		{RestoreFailed, "pg_restore did not end well", look, false, Broken, true},
		{ManifestInvalid, "the manifest is not valid", look, false, Broken, true},
		{
			SignatureInvalid, "the signature does not hold",
			"It was changed, or another key signed it: get it anew where it was made, and compare the keys that the policy pins.",
			false, Broken, true,
		},
		{ArchiveInvalid, "the archive is not the one that the manifest names", look, false, Broken, true},
		{ContentDiffers, "the restored content is not what the manifest says", look, false, Broken, true},
		{DecryptFailed, "the archive cannot be decrypted with this identity", "See docs/keys.md", false, Broken, false},
		{
			DrillClusterUnfit, "the drill cluster does not fit the source: another major version, or a role of the same name",
			"Use a cluster of its own for drills, of the source's major version, whose administrator is named unlike any role of the source.",
			false, Refused, false,
		},
		{
			QueryRefused, "the server does not understand what Steward asks of its catalogues",
			"Use a PostgreSQL that docs/production.md names; if it is one, this is a bug of Steward: report the SQLSTATE in the log.",
			false, Failed, false,
		},
		{
			ExtensionMissing, "the drill cluster lacks an extension of the source, or its version",
			"Install the extension in the drill cluster in the version of the source, then run: steward doctor", false, Refused, false,
		},
		{ClientVulnerable, "PostgreSQL's programs have known holes", "Upgrade them, then run: steward doctor", false, Refused, false},
		{StorageRefused, "the bucket refused it", "See the bucket's settings: steward doctor", true, Refused, false},
		{PlanChanged, "the plan is not the one that was shown", "Look at the plan of now: steward backup prune", false, Refused, false},
		{
			ObservedOnly, "the promise is only observed: nothing is removed", "See the promise's mode: steward policy explain",
			false, Refused, false,
		},
		{StillListed, "a deleted object is still listed", "See the bucket's settings: steward doctor", true, Broken, false},
		{
			RecordsLeft, "own records that are past their end are still there",
			"See who locks them in Steward's database (pg_stat_activity); it is tried again by itself. Then run: steward doctor",
			true, Broken, false,
		},
	}
}

func ledger() []Row {
	const verify = "Find out with: steward ledger verify"

	return []Row{
		{LedgerUnknown, "it is unknown whether the ledger moved on", verify, true, Failed, false},
		{LedgerMoved, "another sequencer moved the ledger on", verify, true, Failed, false},
		{LedgerBehind, "the ledger's mirror is behind", verify, true, Failed, false},
		{LedgerTampered, "the ledger's copies do not agree", verify, false, Broken, false},
		{LedgerClock, "the clock stands at or before the newest seal", "Set the clock right, then run: steward doctor", true, Failed, false},
		{LedgerEntryRefused, "the entry has a shape that the ledger does not hold", "See docs/ledger.md", false, Failed, false},
	}
}
