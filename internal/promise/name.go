package promise

// Name is the key of a promise under "promises" in policy.yaml. It is also
// the value of the StewardPromise search attribute and of metric labels.
type Name string

// The promises that a policy can make, in the order of Table.
const (
	// Backups: every database is backed up each day, kept for a fixed time and pruned.
	Backups Name = "backups"
	// Ledger: the record of all evidence is complete and unchanged.
	Ledger Name = "ledger"
	// Recovery: a restored database opens only after erasures were replayed.
	Recovery Name = "recovery"
	// LoginRecords: address, date and user agent of logins are kept no longer than stated.
	LoginRecords Name = "login_records"
	// Inactivity: accounts without life are erased after the stated time.
	Inactivity Name = "inactivity"
	// Requests: requests of subjects are answered in time.
	Requests Name = "requests"
	// Erasure: what is deleted is gone everywhere by a stated date.
	Erasure Name = "erasure"
	// Processors: whoever received personal data is told to delete it and followed until done.
	Processors Name = "processors"
	// Offboarding: data is deleted at the end of the agreement.
	Offboarding Name = "offboarding"
	// Subprocessors: customers hear of a new sub-processor in time to object.
	Subprocessors Name = "subprocessors"
	// Breaches: customers and the authority hear of a breach in time.
	Breaches Name = "breaches"
	// StaffAccess: staff enter an account by permission or review only, for a limited time.
	StaffAccess Name = "staff_access"
	// Agreements: agreements and reports are signed, mailed and filed.
	Agreements Name = "agreements"
	// Exposure: TLS and reachability from outside are probed regularly.
	Exposure Name = "exposure"
	// CallArchive: calls to the public machines are archived without gaps, and end.
	CallArchive Name = "call_archive"
)

// Row is one line of the table of promises: what this version can do.
type Row struct {
	// Name is the key in policy.yaml.
	Name Name
	// Says is the promise in a few words, for lists.
	Says string
	// Workflows are the registered names of the workflows that keep it.
	Workflows []string
	// Built says whether this version keeps the promise and judges evidence of it.
	Built bool
}

// Table returns every promise that a policy can make, in the order in which
// they are listed to people. A promise that is not built may stand in a policy;
// Steward then says so instead of calling it kept.
func Table() []Row {
	return []Row{
		{
			Backups, "databases and files are backed up every day, kept, and pruned",
			[]string{"DailyBackup", "PruneBackups", "CopyBackups", "DailyFiles", "PruneFiles"},
			true,
		},
		{Ledger, "the record of evidence is complete and unchanged", []string{"PromiseAudit"}, true},
		{Recovery, "a restored database opens only after erasures were replayed", []string{"Restore"}, false},
		{LoginRecords, "login records are kept no longer than stated", []string{"LoginLogExpiry"}, false},
		{Inactivity, "inactive accounts are erased after warnings", []string{"AccountInactivity"}, false},
		{Requests, "requests about personal data are answered in time", []string{"DataSubjectRequest"}, false},
		{Erasure, "what is deleted is gone everywhere by a stated date", []string{"Erasure", "ErasureResidue"}, true},
		{Processors, "processors delete too, and are followed until they have", []string{"ProcessorErasure", "ProcessorDispatch"}, false},
		{Offboarding, "data is deleted at the end of the agreement", []string{"DataSubjectRequest"}, false},
		{Subprocessors, "a new sub-processor is announced and can be objected to", []string{"SubprocessorChange"}, false},
		{Breaches, "a breach is notified without delay", []string{"BreachNotification"}, false},
		{StaffAccess, "staff enter an account by permission or review only", []string{"AccessGrant"}, false},
		{Agreements, "agreements and reports are signed, mailed and filed", []string{"Agreement", "DocumentRequest"}, false},
		{Exposure, "TLS and reachability from outside are probed", []string{"ExposureScan"}, false},
		{CallArchive, "calls to the public machines are archived, and end", []string{"CallArchive"}, false},
	}
}

// Find returns the row of a promise, and false when no promise has that name.
func Find(name Name) (Row, bool) {
	for _, row := range Table() {
		if row.Name == name {
			return row, true
		}
	}
	return Row{}, false
}
