// Package activities does to the world what the promises need: one file and one
// struct with its dependencies for each promise. What to do is decided by pure
// packages below internal; nothing here schedules anything.
//
// Inputs and results are opaque ids, counts and codes, since Temporal keeps
// them in the clear. Each activity reads again from the steward database what
// it acts on: an input only names it.
package activities
