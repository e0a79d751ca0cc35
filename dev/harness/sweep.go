package harness

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"

	"steward/internal/faults"
)

// strikesOfOne is how many calls of one activity a sweep fails in a run, each in a
// try of its own: the activity is told to try again that often, and still has to end
// in time. Each run costs a look through the world beside its tries, so fewer runs with
// more tries are cheaper; the waits between tries double up to three seconds.
const strikesOfOne = 10

// Sweep lets every call of every activity fail once in one mode, several of them in
// one run: a call is known by its activity, its name, and how many of that name the
// same try made before. A try fails once, so that each call is met behind calls that
// went well. It is safe for concurrent use: worlds share it.
type Sweep struct {
	// Mode is how the calls fail.
	Mode faults.Mode
	// Of, above 1, lets only one of so many points fail; Slice, modulo Of, says which.
	Of, Slice uint64
	// Most is how many calls of one activity fail in a run; 0 is as many as it has tries for.
	Most int

	mu     sync.Mutex
	struck map[string]bool // owned by mu
}

// Points is how many calls were failed so far.
func (s *Sweep) Points() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.struck)
}

// take reports whether this call is still to fail, and that it does now.
func (s *Sweep) take(point string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.struck[point] || s.passes(point) {
		return false
	}
	if s.struck == nil {
		s.struck = map[string]bool{}
	}
	s.struck[point] = true
	return true
}

// passes reports whether a point is of another slice.
func (s *Sweep) passes(point string) bool {
	if s.Of <= 1 {
		return false
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(point)) // it never fails
	return sum.Sum64()%s.Of != s.Slice%s.Of
}

// swept is what a sweep did in one run.
type swept struct {
	order  map[string][]string       // executions of each operation, in order
	named  map[string]map[string]int // calls of each name in each try
	failed map[string]bool           // tries that were failed
	count  map[string]int            // failed calls of each execution
}

func newSwept() swept {
	return swept{
		order: map[string][]string{}, named: map[string]map[string]int{}, failed: map[string]bool{}, count: map[string]int{},
	}
}

// strikes reports whether the sweep fails this call.
func (s *swept) strikes(sweep *Sweep, call Call) bool {
	part := call.Part
	if part.Operation == "" {
		return false
	}
	if !slices.Contains(s.order[part.Operation], part.Of) {
		s.order[part.Operation] = append(s.order[part.Operation], part.Of)
	}
	try := fmt.Sprintf("%s#%d", part.Of, part.Try)
	name := fmt.Sprintf("%s %s %s", call.Process, call.Kind, call.Name)
	if s.named[try] == nil {
		s.named[try] = map[string]int{}
	}
	s.named[try][name]++
	if s.failed[try] || s.count[part.Of] == cmp.Or(sweep.Most, strikesOfOne) {
		return false
	}
	nth := slices.Index(s.order[part.Operation], part.Of)
	if !sweep.take(fmt.Sprintf("%s[%d]: %s (%d)", part.Operation, nth, name, s.named[try][name])) {
		return false
	}
	s.failed[try] = true
	s.count[part.Of]++
	return true
}
