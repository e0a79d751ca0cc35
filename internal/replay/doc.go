// Package replay keeps what is needed to erase a subject again after a restore: a backup from before
// the erasure brings everything back, and Steward itself no longer knows whom it erased.
//
// The record of an erasure is written before its tombstone, lies in a bucket of its own, and
// is sealed to the replay key, which the roles erase and drill hold. It has the keys of the rows that
// went; the identities of a person only as HMACs under that key, so that they are found again in
// restored data by whoever has both, and read by nobody. Once the subject is gone
// everywhere, no backup is left that a replay could be needed for, and the record goes.
package replay
