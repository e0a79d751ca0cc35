// Package tombstone commits the point of no return of an erasure: one entry of the ledger,
// written in the transaction that takes the case to its stage, and one row that says
// which entry that is. Nothing is erased before both copies of the ledger hold it.
//
// The entry names nobody. It holds a commitment: a hash of the subject under a random salt
// that is sealed with the case's key, so that whoever has the salt and knows
// the subject can show that the entry is about it, and nobody can try guesses once the key is destroyed.
package tombstone
