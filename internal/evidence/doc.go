// Package evidence reads from the outside what was really done for each
// promise: the catalogue's rows, the ledger and its mirror, and the dates of the
// installation. It judges nothing; package promise does.
//
// It is the independent look of an auditor: it shares no code with those who
// take, drill or remove backups (a test holds it to that), has its own
// statements, and changes nothing but its own record of verifications. What it
// cannot read is an error, never an empty answer.
//
// That a backup is gone it knows from the catalogue. An object that somebody else
// took out of the bucket is found by the hourly prune, which compares catalogue and
// bucket and records what is missing; such a backup is no evidence from then on.
package evidence
