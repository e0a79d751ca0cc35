// Package certificate is the signed summary of an erasure for whoever asked for it: what was
// erased in which store, what is retained on which published basis, what is still to
// expire and when, and the entry of the ledger that was the point of no return. The
// first one is issued once everything was carried out and verified, the final one once
// the subject is gone everywhere.
//
// It holds no personal data: opaque ids, names of the policy, counts, times, codes and
// hashes. [Assemble] is pure, [Sign] and [Open] make it a file that a stranger can check
// without any service, [Page] a page to read and print. docs/erasure.md describes the file.
package certificate
