// Package ledger holds the formats of Steward's evidence: an append-only
// Merkle tree of small entries without personal data.
//
// A business transaction calls [Append], which inserts one row and waits for
// nobody. The sequencer (package seal) later gives each row its position,
// seals batches into immutable segments in a mirror bucket, and signs a
// [Checkpoint]. Whoever kept one checkpoint can show that both copies were
// changed or rewound (package audit), and a person can verify the own entry
// with a [Proof] without seeing any other.
//
// Everything in this package but [Append] and the readers in store.go is pure.
// The formats are described byte by byte in docs/ledger.md; they never change:
// a new one gets a new version in its first line.
package ledger
