package policy

import (
	"time"

	"steward/internal/calendar"
	"steward/internal/promise"
	"steward/internal/strictyaml"
)

// Policy is a policy.yaml that was read without any problem.
type Policy struct {
	// Version is the version of the format, 1.
	Version int
	// Company is whose policy it is.
	Company Company
	// Storage names the buckets.
	Storage Storage
	// Keys are the public keys that evidence is checked with.
	Keys Keys
	// Promises are the promises that the company makes.
	Promises Promises
	// Alerts are the ways in which people are told, at least one.
	Alerts []Alert
	// Heartbeats are the dead-man's switches outside of Steward.
	Heartbeats []Heartbeat
	// Mail says how the company writes to people; nil where it does not.
	Mail *Mail
	// Records say how long Steward keeps its own dated records.
	Records Records
	// Exceptions are what erasures leave, may be empty.
	Exceptions []Exception
	// Copies are what the deployment has beside Steward's backups, may be empty.
	Copies []DeclaredCopy

	canonical []string                              // sorted "path: value" lines, for Hash
	place     func(string) (strictyaml.Place, bool) // where each key stands, for problems found later
}

// Company is whose policy it is.
type Company struct {
	// Name is how the company calls itself towards its customers.
	Name string
	// Zone is where business days, months and years are counted.
	Zone *time.Location
	// Contact is where people write about their data, may be empty.
	Contact string
}

// Storage names the buckets. No two are the same.
type Storage struct {
	// Backups holds encrypted backups and their manifests.
	Backups string
	// Ledger holds the mirror of the ledger.
	Ledger string
	// Replay holds what erasures need after a restore; empty where nothing is erased.
	Replay string
	// Packages holds what is delivered to subjects; empty until it is used.
	Packages string
	// KMSKey is the default key of every bucket, by its full name in Cloud KMS;
	// empty where the service's own key does.
	KMSKey string
	// Files holds the encrypted contents of the app's files and their manifests;
	// empty where no files are backed up.
	Files string
}

// Buckets are those that storage names. Those that it does not use are among them as empty names.
func (s Storage) Buckets() []string {
	return []string{s.Backups, s.Ledger, s.Replay, s.Packages, s.Files}
}

// OwnBuckets are all buckets that are Steward's, those of copies in other locations too: what a subject has lies in none of them.
func (p *Policy) OwnBuckets() []string {
	own := p.Storage.Buckets()
	for _, other := range p.Promises.Backups.Copies {
		own = append(own, other.Bucket)
	}
	return own
}

// Keys are public keys in the format of golang.org/x/mod/sumdb/note.
type Keys struct {
	// Manifest verifies the manifests of backups. It is pinned here and never
	// read from the bucket.
	Manifest string
	// Ledger verifies the checkpoints of the ledger.
	Ledger string
	// Certificate verifies the certificates of erasures; empty where none are issued.
	Certificate string
}

// Promises are the promises of a policy. Backups and Ledger always stand in
// it; any other is nil when the company does not make it.
type Promises struct {
	Backups       Backups
	Ledger        Ledger
	Recovery      *Plain
	LoginRecords  *LoginRecords
	Inactivity    *Inactivity
	Requests      *Requests
	Erasure       *Erasure
	Processors    *Processors
	Offboarding   *Plain
	Subprocessors *Subprocessors
	Breaches      *Breaches
	StaffAccess   *StaffAccess
	Agreements    *Plain
	Exposure      *Exposure
	CallArchive   *CallArchive
}

// Plain is a promise without numbers.
type Plain struct {
	// Mode is observe or enforce.
	Mode promise.Mode
	// Text names the sentence of the company's policy text, such as "B-14".
	Text string
}

// Backups is "backed up every day, and stored for 7 days".
type Backups struct {
	Plain

	// At is when the day's backup begins, in UTC.
	At calendar.TimeOfDay
	// DoneWithin is how long after At it must have been drilled. Exact.
	DoneWithin calendar.Duration
	// CatchUp is how long after At a late backup still makes good the day. Exact, below 24 hours.
	CatchUp calendar.Duration
	// Keep is how long a backup is kept, from its snapshot on.
	Keep calendar.Duration
	// Tolerance is how long after Keep a backup may still exist. Exact.
	Tolerance calendar.Duration
	// WhenBackupsStop decides between floor and ceiling when no younger backup exists.
	WhenBackupsStop WhenBackupsStop
	// RefuseVulnerableClients makes backup and drill refuse client programs with known
	// holes, and doctor fail; without it doctor warns.
	RefuseVulnerableClients bool
	// Limits hold the work back; nil holds nothing back.
	Limits *Limits
	// Databases are what is backed up: at least one app database and the steward database.
	Databases []Database
	// Files are the app's files that are backed up, may be empty.
	Files []Files
	// Copies are other locations that hold every proven backup too, may be empty.
	Copies []Copy
	// Recipients are whom backups are encrypted to: at least two, one of them the escrow.
	Recipients []Recipient
}

// WhenBackupsStop is what happens to the last drilled backup at its end when
// no younger one exists.
type WhenBackupsStop string

const (
	// KeepLastDrilled keeps it, and reports the ceiling as broken.
	KeepLastDrilled WhenBackupsStop = "keep-last-drilled"
	// HonourCeiling deletes it at its end as any other.
	HonourCeiling WhenBackupsStop = "honour-ceiling"
)

// Role is what a database is for.
type Role string

const (
	// RoleApp is a database of the company's product.
	RoleApp Role = "app"
	// RoleSteward is Steward's own database.
	RoleSteward Role = "steward"
)

// Database is one database that is backed up.
type Database struct {
	// Name is its name in the catalogue, in workflow ids and in statuses.
	Name string
	// Role is what it is for.
	Role Role
}

// Files are the objects of one bucket of the app, or a part of them.
type Files struct {
	// Name is their name in the catalogue, in workflow ids and in statuses.
	Name string
	// Bucket is where the app keeps them.
	Bucket string
	// Prefix begins the names of those that are meant; empty means all.
	Prefix string
	// MayBeEmpty says that a backup without a file is as good as any.
	MayBeEmpty bool
}

// Recipient is one public key that backups are encrypted to.
type Recipient struct {
	// Name says to people whose key it is, such as "drill".
	Name string
	// Key is age1... or ssh-rsa ....
	Key string
	// Escrow says that its private half is kept offline.
	Escrow bool
}

// Ledger is the promise that the record of evidence is complete and unchanged.
type Ledger struct {
	Plain

	// VerifyEvery is how long one verification of both copies counts. Exact.
	VerifyEvery calendar.Duration
	// SealWithin is how long an entry may wait for its seal. Exact.
	SealWithin calendar.Duration
}

// LoginRecords is "address, login dates and user agent for one month".
type LoginRecords struct {
	Plain

	// Keep is how long they are kept.
	Keep calendar.Duration
}

// Inactivity is "after two years of inactivity all data is deleted".
type Inactivity struct {
	Plain

	// After is how long an account must be without interaction and payment.
	After calendar.Duration
}

// Requests is "we answer within 14 days".
type Requests struct {
	Plain

	// AnswerWithin is how long an answer may take.
	AnswerWithin calendar.Duration
}

// Processors is the promise that whoever received data deletes it too.
type Processors struct {
	Plain

	// Names are the processors that are told.
	Names []Processor
}

// Processor is one processor.
type Processor struct {
	// Name is its short name.
	Name string
}

// Subprocessors is the notice of a new sub-processor.
type Subprocessors struct {
	Plain

	// ObjectWithin is how long customers can object before it becomes active.
	ObjectWithin calendar.Duration
}

// Breaches is the notice of a breach.
type Breaches struct {
	Plain

	// AuthorityWithin is how long the notice to the authority may take. At most
	// 72 hours: GDPR Article 33(1). Exact.
	AuthorityWithin calendar.Duration
	// CustomersWithin is how long the notice to customers may take. Exact.
	CustomersWithin calendar.Duration
}

// StaffAccess is the access of staff to accounts.
type StaffAccess struct {
	Plain

	// AtMost is how long a permission lasts. Exact.
	AtMost calendar.Duration
}

// Exposure is the regular probe from outside.
type Exposure struct {
	Plain

	// ScanEvery is how long one probe counts. Exact.
	ScanEvery calendar.Duration
}

// CallArchive is the archive of calls to the public machines.
type CallArchive struct {
	Plain

	// Keep is how long calls are kept in it.
	Keep calendar.Duration
}

// Alert is one way in which people are told of what is at risk or broken.
type Alert struct {
	// Kind is log, mail or webhook.
	Kind AlertKind
	// To is the address that is written to; of mail only.
	To string
	// Language is what its reader reads; of mail only, empty means English.
	Language string
}

// AlertKind is a way to tell people.
type AlertKind string

const (
	// AlertLog writes a line to the log of the worker.
	AlertLog AlertKind = "log"
	// AlertMail writes a mail to one address.
	AlertMail AlertKind = "mail"
	// AlertWebhook sends an event to every webhook endpoint that wants it.
	AlertWebhook AlertKind = "webhook"
)

// Heartbeat is a URL outside that is called only after evidence was read and
// good, so that its owner alarms when the call stays away.
type Heartbeat struct {
	// Promise is the promise that the calls are about.
	Promise promise.Name
	// URLEnv is the environment variable that holds the URL, which is a secret.
	URLEnv string
}
