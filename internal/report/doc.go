// Package report is the monthly evidence of backups: for each database and
// business day of a month what was taken, drilled and pruned, what was missed,
// and which entry of the ledger proves it.
//
// [Assemble] is pure: rows, entries, the policy and an instant in, a [Report]
// out. It believes the catalogue only where an entry of the ledger says the
// same. [Sign] and [Open] make it a file that a stranger can check, [Page] makes
// it a page to print. docs/evidence.md describes the file.
package report
