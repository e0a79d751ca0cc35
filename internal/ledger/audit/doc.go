// Package audit verifies the ledger: the database's copy, the mirror's copy,
// and both against checkpoints that somebody kept.
//
// It shares no code with the sequencer but the formats. [Verify] is pure: it
// reads two streams of plain values, needs memory for three segments, and names
// for each finding which copy, what and where. [OpenDatabase] and [OpenMirror]
// give the streams of the real copies.
//
// What is true is decided segment by segment: of the leaf hashes that the two
// copies hold (computed from the content, stored beside it, or the one that most
// sources agree on) those are true that lead to the signed root. Whoever does
// not hold the signing key cannot make a false one lead there.
package audit
