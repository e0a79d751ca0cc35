package ledger

import "time"

// Body is what an entry says. Bodies are structs of this package, so that a
// reviewer of this one file sees everything that evidence may hold: opaque ids,
// codes, counts, hashes and times. The guard in shape.go checks each value too.
type Body interface {
	// ledgerBody marks the bodies of this package; nothing else can be appended.
	ledgerBody()
}

// BackupBody is the evidence about one backup of one business day.
type BackupBody struct {
	// Backup is the opaque id of the backup.
	Backup string `json:"backup"`
	// Database is its name in the policy, such as "app".
	Database string `json:"database"`
	// Day is the business day, such as "2026-11-22".
	Day string `json:"day"`
	// Generation is the object's generation in the bucket; 0 is left out.
	Generation int64 `json:"generation,omitempty"`
	// SizeBytes is the size of the stored object; 0 is left out.
	SizeBytes int64 `json:"size_bytes,omitempty"`
	// ObjectSHA256 is the hex SHA-256 of the stored object; "" is left out.
	ObjectSHA256 string `json:"object_sha256,omitempty"`
	// ManifestSHA256 is the hex SHA-256 of the signed manifest; "" is left out.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// SnapshotAt is the instant that the backup shows.
	SnapshotAt *time.Time `json:"snapshot_at,omitempty"`
	// Tables and Rows are what was compared in a drill; 0 is left out.
	Tables int64 `json:"tables,omitempty"`
	// Rows is the number of rows compared in a drill.
	Rows int64 `json:"rows,omitempty"`
	// DurationMS is how long the step took, in milliseconds.
	DurationMS int64 `json:"duration_ms,omitempty"`
	// Code is the failure code of a refused backup; "" is left out.
	Code string `json:"code,omitempty"`
}

// FilesBody is the evidence about the backup of one set of files, or about
// contents of it. The names of files are not in it.
type FilesBody struct {
	// Backup is the opaque id of the backup; "" is left out, for contents.
	Backup string `json:"backup,omitempty"`
	// Files is the name of the set in the policy, such as "uploads".
	Files string `json:"files"`
	// Day is the business day, such as "2026-11-22"; "" is left out.
	Day string `json:"day,omitempty"`
	// Generation is that of the manifest's object; 0 is left out.
	Generation int64 `json:"generation,omitempty"`
	// ManifestSHA256 is the hex SHA-256 of the signed manifest; "" is left out.
	ManifestSHA256 string `json:"manifest_sha256,omitempty"`
	// SnapshotAt is the instant that the backup shows.
	SnapshotAt *time.Time `json:"snapshot_at,omitempty"`
	// Count is how many files, or contents, this is about.
	Count int64 `json:"count"`
	// SizeBytes is their size: of files in the clear, of contents as stored.
	SizeBytes int64 `json:"size_bytes,omitempty"`
	// Fresh is how many of them were stored now, or proven for the first time.
	Fresh int64 `json:"fresh,omitempty"`
	// Sampled is how many others a drill read again.
	Sampled int64 `json:"sampled,omitempty"`
	// Vanished is how many were listed and had gone before they were read.
	Vanished int64 `json:"vanished,omitempty"`
	// ContentsSHA256 is the hex SHA-256 over the ids and generations of the contents
	// that are gone, one "id generation" a line in the order of the ids.
	ContentsSHA256 string `json:"contents_sha256,omitempty"`
	// DueAt is when the time of what was pruned was over, of several contents the
	// first; entries of before it was written leave it out.
	DueAt *time.Time `json:"due_at,omitempty"`
	// DurationMS is how long the step took, in milliseconds.
	DurationMS int64 `json:"duration_ms,omitempty"`
	// Code is the failure code of a refused backup; "" is left out.
	Code string `json:"code,omitempty"`
	// FirstDay is the first day that names a content which a drill refused: those from
	// it to Day lost it. "" is left out, and is missing in entries of before it was written.
	FirstDay string `json:"first_day,omitempty"`
	// Objects are some of the contents that a drill refused, Count is how many there are.
	Objects []ObjectBody `json:"objects,omitempty"`
}

// ErasureBody is the evidence about one erasure.
type ErasureBody struct {
	// Erasure is the opaque id of the erasure.
	Erasure string `json:"erasure"`
	// Commitment is the salted hash of the subject's identities, hex.
	Commitment string `json:"commitment"`
	// PlanSHA256 is the hex SHA-256 of the frozen plan.
	PlanSHA256 string `json:"plan_sha256"`
	// Cause is the code of the promise that caused it, such as "inactivity".
	Cause string `json:"cause"`
	// GoneBy is the date by which the subject is gone everywhere.
	GoneBy string `json:"gone_by,omitempty"`
	// Rows, Objects and Receipts count what was erased and answered.
	Rows int64 `json:"rows,omitempty"`
	// Objects is the number of stored objects erased.
	Objects int64 `json:"objects,omitempty"`
	// Receipts is the number of answers of processors.
	Receipts int64 `json:"receipts,omitempty"`
}

// ActBody is the evidence about one act of staff.
type ActBody struct {
	// Act is the opaque id that ties intent and outcome together.
	Act string `json:"act"`
	// Actor is the opaque id of the member of staff.
	Actor string `json:"actor"`
	// Role is the role under which they acted.
	Role string `json:"role"`
	// Verb is the code of what was done, such as "dsr.approve".
	Verb string `json:"verb"`
	// Object is the opaque id of what it was done to.
	Object string `json:"object"`
	// InputSHA256 is the hex SHA-256 of what was asked for; "" is left out.
	InputSHA256 string `json:"input_sha256,omitempty"`
	// Outcome is "done" or a failure code; left out in an intent.
	Outcome string `json:"outcome,omitempty"`
}

// PromiseBody is the evidence about the state of one promise.
type PromiseBody struct {
	// Promise is its key in the policy.
	Promise string `json:"promise"`
	// Code is why, from the table of verdicts.
	Code string `json:"code"`
	// Since is when it began.
	Since time.Time `json:"since"`
	// EvidenceAt is the time of the newest evidence, if there was any.
	EvidenceAt *time.Time `json:"evidence_at,omitempty"`
	// Overdue counts the items that were due and not done.
	Overdue int64 `json:"overdue,omitempty"`
}

// PolicyBody is the evidence that a policy came into force.
type PolicyBody struct {
	// PolicySHA256 is the hex SHA-256 of the policy file.
	PolicySHA256 string `json:"policy_sha256"`
	// Version is the version of the program, as a code such as "v1.2.3".
	Version string `json:"version"`
	// Role is the worker role that loaded it.
	Role string `json:"role"`
}

// ObservedBody is the evidence that the outside world was looked at: a bucket's
// settings, a listing, a probe.
type ObservedBody struct {
	// What is the code of what was looked at, such as "bucket.retention".
	What string `json:"what"`
	// Object is the opaque id or name of the thing.
	Object string `json:"object"`
	// SHA256 is the hex SHA-256 of the canonical observation; "" is left out.
	SHA256 string `json:"sha256,omitempty"`
	// Count is how many were seen.
	Count int64 `json:"count"`
	// Code is the verdict, such as "as_policy" or a failure code.
	Code string `json:"code"`
}

func (BackupBody) ledgerBody()   {}
func (FilesBody) ledgerBody()    {}
func (ErasureBody) ledgerBody()  {}
func (ActBody) ledgerBody()      {}
func (PromiseBody) ledgerBody()  {}
func (PolicyBody) ledgerBody()   {}
func (ObservedBody) ledgerBody() {}
