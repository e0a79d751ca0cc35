// Package workflows holds one file for each promise. Each reads like the policy
// sentence that it keeps, is deterministic, and knows of the world only what
// its activities tell it. Inputs say what was scheduled for when; what is done,
// and whether, the activities decide again from the steward database and their
// own clock.
package workflows
