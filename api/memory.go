package main

import "runtime/debug"

const (
	// garbage is how much may lie about before it is collected, in percent of what is in
	// use. That is some 10 MB, so that a busy process would collect many times a second
	// with Go's own 100; with this it takes some 40 MB more and an eighth less processor
	// time.
	garbage = 400
	// memory is from how many bytes on the process collects more often than that. Bodies
	// that fill roomForAll, with what is made of them, are some hundred MB in use, and
	// garbage alone would let them grow to five times that. It is soft: what is in use
	// stays, and collecting takes half of the processor time at most.
	memory = 256 << 20
)

// tuneMemory gives memory for time, within bounds. Where GOGC or GOMEMLIMIT is set, that
// holds, and no other limit: whoever set it knows the machine.
func tuneMemory(lookup func(string) (string, bool)) {
	_, percent := lookup("GOGC")
	_, limit := lookup("GOMEMLIMIT")

	if !percent {
		debug.SetGCPercent(garbage)
	}

	if !percent && !limit {
		debug.SetMemoryLimit(memory)
	}
}
