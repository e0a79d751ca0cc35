package ids

// Backup is the workflow id of the backups of one database; a schedule appends
// its time to it.
func Backup(database string) string { return "backup/" + database }

// BackupOf is the workflow id of a backup by hand of one database and day: two
// people who ask at once get one run.
func BackupOf(database, day string) string { return "backup/" + database + "/" + day }

// Prune is the workflow id of the pruning of backups; a schedule appends its time.
func Prune() string { return "prune/backups" }

// Copies is the workflow id of the copying to other locations; a schedule appends
// its time.
func Copies() string { return "copies/backups" }

// Files is the workflow id of the backups of one set of files; a schedule appends
// its time to it.
func Files(name string) string { return "files/" + name }

// FilesOf is the workflow id of a backup by hand of one set of files and day.
func FilesOf(name, day string) string { return "files/" + name + "/" + day }

// PruneFiles is the workflow id of the pruning of files; a schedule appends its
// time.
func PruneFiles() string { return "prune/files" }

// Mail is the workflow id of the sending of mails; a schedule appends its time.
func Mail() string { return "mail/outbox" }

// Webhooks is the workflow id of the delivery of webhooks; a schedule appends its time.
func Webhooks() string { return "webhooks/deliveries" }

// OwnRecords is the workflow id of the end of own records; a schedule appends its time.
func OwnRecords() string { return "records/expire" }

// DataMap is the workflow id of the comparison of the data map with the databases; a schedule
// appends its time.
func DataMap() string { return "datamap/audit" }

// Residue is the workflow id of the nightly search for what is left of people in texts; a schedule
// appends its time.
func Residue() string { return "erasure-residue/nightly" }

// Audit is the workflow id of the promise audit; a schedule appends its time.
func Audit() string { return "audit/promises" }

// BackupEvidence is the workflow id of a month's report, about all databases or
// about the one that is named: two people who ask at once get one run.
func BackupEvidence(month, database string) string {
	if database == "" {
		return "evidence/backups/" + month
	}

	return "evidence/backups/" + month + "/" + database
}

// PruneByHand is the workflow id of what one act of an operator asked for: asked
// again, it is the same run.
func PruneByHand(act string) string { return "prune/by-hand/" + act }

// Erasure is the workflow id of an erasure, made from what caused it: asked for twice,
// it is one run.
func Erasure(cause string) string { return "erasure/" + cause }
