package main

import (
	"runtime/debug"
	"testing"
)

//nolint:paralleltest // there is one such setting in a process
func TestTuneMemory(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)

	tuneMemory(func(string) (string, bool) { return "", true })

	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC is set and %d holds", got)
	}

	tuneMemory(func(string) (string, bool) { return "", false })

	if got := debug.SetGCPercent(100); got != garbage {
		t.Errorf("%d holds", got)
	}
}
