package main

import "runtime/debug"

// garbage is how much may lie about before it is collected, in percent of what is in
// use. That is some 10 MB, so that a busy process would collect many times a second with
// Go's own 100; with this it takes some 40 MB more and an eighth less processor time.
const garbage = 400

// tuneMemory gives memory for time. Where GOGC is set, that holds; GOMEMLIMIT holds in
// any case.
func tuneMemory(lookup func(string) (string, bool)) {
	if _, said := lookup("GOGC"); !said {
		debug.SetGCPercent(garbage)
	}
}
