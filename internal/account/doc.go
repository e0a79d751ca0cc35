// Package account knows which accounts there are and when each was last alive.
//
// Inactivity is "the lack of user interaction, and the lack of recurring payment"
// (text B, row B-27 of docs/promises.md): so the app tells both, by signs
// of life and by events of the subscription. Each is merged by its own time, never
// by its arrival: late, repeated and out-of-order ones change nothing that a newer
// one said.
//
// An account is alive, closing or closed. The step to closing names the count of
// signs that its decision saw, and any news makes a closing account alive again:
// that is the compare-and-set protocol between this database and that of the app,
// which no transaction spans.
package account
