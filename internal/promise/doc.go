// Package promise decides from evidence whether each promise of a policy is
// kept, at risk or broken.
//
// It is pure: evidence and the instant asOf come in, statuses come out. It
// reads evidence and never runs: a workflow that says it is fine proves
// nothing here. What is unknown counts as not done. Every boundary is half
// open: a limit holds until the instant of its end and is broken from that
// instant on.
package promise
