package gcs

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Mode is what a fault does to a request.
type Mode string

// The modes. Before means that nothing happened; after means that the effect is committed and only its
// answer is lost, which is the half that clients get wrong.
const (
	ModeUnavailableBefore Mode = "503-before"
	ModeUnavailableAfter  Mode = "503-after"
	ModeDropBefore        Mode = "drop-before" // connection reset
	ModeDropAfter         Mode = "drop-after"
	ModeStall             Mode = "stall"     // waits for Release or Delay before the effect
	ModeTruncate          Mode = "truncate"  // Bytes of the body pass, then the connection is reset
	ModePrecondition      Mode = "412-after" // succeeds, then says 412, as a retry inside Google's network does
	ModeSlow              Mode = "slow"      // Bytes per second, both ways
	ModeForbidden         Mode = "403"
	ModeNotFound          Mode = "404"
)

// Modes lists every mode in a stable order.
func Modes() []Mode {
	return []Mode{
		ModeUnavailableBefore, ModeUnavailableAfter, ModeDropBefore, ModeDropAfter, ModeStall,
		ModeTruncate, ModePrecondition, ModeSlow, ModeForbidden, ModeNotFound,
	}
}

// Forever as Fault.Count never wears off.
const Forever = -1

// Fault is an order to disturb matching requests.
type Fault struct {
	// ID is given by InjectFault.
	ID int `json:"id"`
	// Operation to match; empty matches every operation.
	Operation Operation `json:"operation,omitempty"`
	// Prefix of the object name to match; empty matches every name.
	Prefix string `json:"prefix,omitempty"`
	// Skip lets that many matching requests pass first: Skip 2 hits the third.
	Skip int `json:"skip,omitempty"`
	// Count is how many requests are hit; 0 means 1, Forever has no end.
	Count int  `json:"count,omitempty"`
	Mode  Mode `json:"mode"`
	// Bytes is the number let through (truncate) or the speed per second (slow).
	Bytes int64 `json:"bytes,omitempty"`
	// Delay ends a stall by itself; 0 waits for Release. In nanoseconds in JSON.
	Delay time.Duration `json:"delay,omitempty"`
	// Only, if not nil, picks among the matching requests: the others pass and are not
	// counted. It must not call the server.
	Only func(Hit) bool `json:"-"`
	// Met, if not nil, is called for each request that the fault disturbs, before it
	// does, on the request's own goroutine.
	Met func(Hit) `json:"-"`
}

// Hit is a request as a fault sees it.
type Hit struct {
	// Operation is what is asked for, of which bucket and object; the object is empty for a listing.
	Operation      Operation
	Bucket, Object string
	// UserAgent is what the client calls itself.
	UserAgent string
}

// Cell is one (operation, mode) pair and how often a request met it; 0 is a gap in the tests.
type Cell struct {
	Operation Operation `json:"operation"`
	Mode      Mode      `json:"mode"`
	Reached   int       `json:"reached"`
}

type cellKey struct {
	operation Operation
	mode      Mode
}

// faultTable holds the orders and the counts.
type faultTable struct {
	mu      sync.Mutex // guards everything below
	nextID  int
	active  []*Fault
	reached map[cellKey]int
	release chan struct{} // closed by Release, then replaced
	stalled int           // requests waiting now
}

func newFaultTable() *faultTable {
	return &faultTable{reached: map[cellKey]int{}, release: make(chan struct{})}
}

// InjectFault sets an order and returns its id. Orders are tried oldest first; one request meets at most
// one. It returns an error for a mode or operation that does not exist and for a slow fault without speed.
func (s *Server) InjectFault(f Fault) (int, error) {
	switch {
	case !slices.Contains(Modes(), f.Mode):
		return 0, fmt.Errorf("injecting a fault: unknown mode %q", f.Mode)
	case f.Operation != "" && !slices.Contains(Operations(), f.Operation):
		return 0, fmt.Errorf("injecting a fault: unknown operation %q", f.Operation)
	case f.Mode == ModeSlow && f.Bytes <= 0:
		return 0, errors.New("injecting a fault: slow needs bytes per second")
	}
	if f.Count == 0 {
		f.Count = 1
	}
	t := s.faults
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nextID++
	f.ID = t.nextID
	t.active = append(t.active, &f)
	return f.ID, nil
}

// Faults returns the orders that have not worn off.
func (s *Server) Faults() []Fault {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	out := make([]Fault, 0, len(s.faults.active))
	for _, f := range s.faults.active {
		out = append(out, *f)
	}
	return out
}

// ClearFaults withdraws every order and releases what is stalled. Counts of reached cells stay.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	s.faults.active = nil
	s.faults.mu.Unlock()
	s.Release()
}

// Release lets every stalled request go on.
func (s *Server) Release() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	close(s.faults.release)
	s.faults.release = make(chan struct{})
}

// Stalled is the number of requests that wait in a stall now.
func (s *Server) Stalled() int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return s.faults.stalled
}

// Cells returns every (operation, mode) pair with its count, never-reached ones included.
func (s *Server) Cells() []Cell {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	var out []Cell
	for _, operation := range Operations() {
		for _, mode := range Modes() {
			out = append(out, Cell{operation, mode, s.faults.reached[cellKey{operation, mode}]})
		}
	}
	return out
}

// take finds the fault for a request and uses up one of its occurrences; the zero Fault when there is none.
func (t *faultTable) take(asked Hit) Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, f := range t.active {
		if !f.matches(asked) {
			continue
		}
		if f.Skip > 0 {
			f.Skip--
			continue
		}
		hit := *f
		if f.Count > 0 {
			f.Count--
			if f.Count == 0 {
				t.active = slices.Delete(t.active, i, i+1)
			}
		}
		t.reached[cellKey{asked.Operation, f.Mode}]++
		return hit
	}
	return Fault{}
}

// matches reports whether the fault is about such a request.
func (f *Fault) matches(asked Hit) bool {
	return (f.Operation == "" || f.Operation == asked.Operation) && strings.HasPrefix(asked.Object, f.Prefix) &&
		(f.Only == nil || f.Only(asked))
}
