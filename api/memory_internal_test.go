package main

import (
	"runtime/debug"
	"slices"
	"testing"
)

//nolint:paralleltest // there is one such setting in a process
func TestTuneMemory(t *testing.T) {
	const percent, limit = 100, 1 << 40

	percentBefore, limitBefore := debug.SetGCPercent(percent), debug.SetMemoryLimit(limit)

	defer func() {
		debug.SetGCPercent(percentBefore)
		debug.SetMemoryLimit(limitBefore)
	}()

	for _, c := range []struct {
		set     []string
		percent int
		limit   int64
	}{
		{nil, garbage, memory},
		{[]string{"GOGC"}, percent, limit},
		{[]string{"GOMEMLIMIT"}, garbage, limit},
		{[]string{"GOGC", "GOMEMLIMIT"}, percent, limit},
	} {
		tuneMemory(func(name string) (string, bool) { return "", slices.Contains(c.set, name) })

		if got, most := debug.SetGCPercent(percent), debug.SetMemoryLimit(limit); got != c.percent || most != c.limit {
			t.Errorf("%v is set: %d percent and %d bytes hold", c.set, got, most)
		}
	}
}
