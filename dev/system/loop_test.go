package system_test

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"
	"testing"

	"steward/dev/harness"
	"steward/internal/faults"
)

// slicesOfPoints is into how many parts the points are cut. One run of `make test`
// does one part, picked by the seed, in the modes that wait for timeouts, and every
// point in the others, several of them in one run. `make soak` gives each point in each
// mode a run of its own, part after part, each under the next seed, so that a run that
// was cut short goes on where it was.
const slicesOfPoints = 10

// maxSweeps is more runs than a sweep needs: an activity that meets ever new calls
// would never end.
const maxSweeps = 80

// lanesOfSweep is how many lanes are at one sweep at most: when one finds nothing new to fail, all others at it have
// nothing left to do in their runs either.
const lanesOfSweep = 2

// maxViolations ends a loop that has shown its point.
const maxViolations = 5

// job is one run: the Nth call fails in this mode, or several that did not yet.
type job struct {
	n     int
	mode  faults.Mode
	sweep *harness.Sweep
}

// loop hands out jobs until, in each mode, an N was never reached, or a sweep met no call that is new.
type loop struct {
	name string
	test string // by which name of a test one point is run again
	seed harness.Seed
	step int // the distance of two points

	mu         sync.Mutex
	next       map[faults.Mode]int    // owned by mu
	end        map[faults.Mode]int    // the first N that was never reached; owned by mu
	points     int                    // the largest N that was reached; owned by mu
	runs       map[faults.Mode]int    // owned by mu
	sweeps     []*harness.Sweep       // those that are not over; owned by mu
	sweeping   map[*harness.Sweep]int // lanes at work on each; owned by mu
	swept      []*harness.Sweep       // all
	violations []string               // owned by mu
	cut        bool                   // the time was over; owned by mu
}

// newLoop plans the runs of one seed. With sweeps the modes that do not wait take
// every point, or every so manyth, several in one run.
func newLoop(name, test string, seed harness.Seed, step, sweeps int) *loop {
	l := &loop{
		name: name, test: test, seed: seed, step: step,
		next: map[faults.Mode]int{}, end: map[faults.Mode]int{}, runs: map[faults.Mode]int{}, sweeping: map[*harness.Sweep]int{},
	}
	for _, mode := range modes() {
		l.next[mode], l.end[mode] = 1+int(l.seed.Number%uint64(step)), math.MaxInt
		switch {
		case seed.N > 0:
			l.next[mode], l.end[mode] = seed.N, seed.N
		case sweeps > 0 && !slow(mode):
			l.end[mode] = 0
			l.sweeps = append(l.sweeps, &harness.Sweep{Mode: mode, Of: uint64(sweeps), Slice: seed.Number, Most: mostOf(sweeps)})
		}
	}
	l.swept = slices.Clone(l.sweeps)
	if seed.N > 0 {
		l.end[seed.Mode]++
	}
	return l
}

// mostOf is how many calls of one activity a sparse sweep fails in a run: the waits between tries double, so that a few
// runs with few failures are shorter than one with many.
func mostOf(sweeps int) int {
	const few = 3
	if sweeps > 1 {
		return few
	}
	return 0
}

// keepOne leaves one mode, picked by the seed.
func (l *loop) keepOne() {
	all := modes()
	for n, mode := range all {
		if uint64(n) != l.seed.Number%uint64(len(all)) {
			l.end[mode] = 0
		}
	}
}

// seeds are those of the runs to do: one, or in a soak one for each part.
func seeds(from harness.Seed) []harness.Seed {
	if !harness.Soak() || from.N > 0 {
		return []harness.Seed{from}
	}
	all := make([]harness.Seed, slicesOfPoints)
	for i := range all {
		all[i] = harness.Seed{Number: from.Number + uint64(i)}
	}
	return all
}

// modes are in the order of their price, the dearest first.
func modes() []faults.Mode {
	return []faults.Mode{faults.Hang, faults.Kill, faults.After, faults.Before}
}

// slow are the modes that wait for timeouts.
func slow(mode faults.Mode) bool { return mode == faults.Hang || mode == faults.Kill }

// take gives the next job, false if there is none. Patient lanes begin with the single points in the modes that wait, and
// leave the processor to the others, who end with those.
func (l *loop) take(patient bool) (job, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.violations) >= maxViolations {
		return job{}, false
	}
	order := modes()
	if patient {
		if found, more := l.point(order); more {
			return found, true
		}
	}
	if sweep := l.sweep(); sweep != nil {
		return job{mode: sweep.Mode, sweep: sweep}, true
	}
	slices.Reverse(order)
	return l.point(order)
}

// sweep is the one with the fewest lanes at it, nil if all have enough.
func (l *loop) sweep() *harness.Sweep {
	if len(l.sweeps) == 0 {
		return nil
	}
	least := slices.MinFunc(l.sweeps, func(a, b *harness.Sweep) int { return cmp.Compare(l.sweeping[a], l.sweeping[b]) })
	if l.sweeping[least] == lanesOfSweep {
		return nil
	}
	l.sweeping[least]++
	return least
}

// point is the next run with a single call that fails, in the first of these modes that has one left.
func (l *loop) point(order []faults.Mode) (job, bool) {
	for _, mode := range order {
		if n := l.next[mode]; n < l.end[mode] {
			l.next[mode] += l.step
			return job{n: n, mode: mode}, true
		}
	}
	return job{}, false
}

// done notes a run that ended as it should.
func (l *loop) done(did job, reached bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs[did.mode]++
	l.sweeping[did.sweep]--
	switch {
	case did.sweep != nil && reached && l.runs[did.mode] >= maxSweeps:
		l.violations = append(l.violations, fmt.Sprintf("the sweep %s has met new calls for %d runs", did.mode, maxSweeps))
	case did.sweep != nil && !reached:
		l.sweeps = slices.DeleteFunc(l.sweeps, func(one *harness.Sweep) bool { return one == did.sweep })
	case did.sweep != nil:
	case reached:
		l.points = max(l.points, did.n)
	default:
		l.end[did.mode] = min(l.end[did.mode], did.n)
	}
}

// violated notes a run that did not.
func (l *loop) violated(did job, failed []harness.Call, problems []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.runs[did.mode]++
	l.sweeping[did.sweep]--
	repeat := fmt.Sprintf("SEED=%s TEST=%s", l.seed.At(did.mode, did.n), l.test)
	if harness.Soak() {
		repeat = "STEWARD_SOAK=1 " + repeat // what stands behind a backup there is counted otherwise
	}
	for _, problem := range problems {
		l.violations = append(l.violations, repeat+": "+problem)
	}
	for _, call := range failed {
		l.violations = append(l.violations, fmt.Sprintf("  the call was %s %s %d: %s %s, %s",
			call.Process, call.Part.Operation, call.Part.Try, call.Kind, call.Name, call.Mode))
	}
}

// cutShort notes that the time of the test was over before the points were: that is
// a failure, since a loop that did not end has not shown that there are no more.
func (l *loop) cutShort() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.cut {
		l.cut = true
		l.violations = append(l.violations, "the time was over before the points were; give it more with -timeout")
	}
}

// report prints the figures and fails t with every violation.
func (l *loop) report(t *testing.T) {
	t.Helper()
	total := 0
	for _, n := range l.runs {
		total += n
	}
	for _, violation := range l.violations {
		t.Error(violation)
	}
	for _, sweep := range l.swept {
		t.Logf("nth-call loop %s: swept %d points %s", l.name, sweep.Points(), sweep.Mode)
		if sweep.Points() == 0 {
			t.Errorf("the sweep %s has met no call", sweep.Mode)
		}
	}
	if l.seed.N == 0 && l.points == 0 && len(l.violations) == 0 {
		t.Error("no single call was met")
	}
	t.Logf("nth-call loop %s: points=%d runs=%d (before=%d after=%d hang=%d kill=%d) violations=%d seed=%s commit=%s",
		l.name, l.points, total, l.runs[faults.Before], l.runs[faults.After], l.runs[faults.Hang], l.runs[faults.Kill],
		len(l.violations), l.seed, harness.Commit())
}
