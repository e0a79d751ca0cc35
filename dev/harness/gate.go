package harness

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"

	"steward/internal/faults"
)

// Call is one outside call that a process announced at the gate.
type Call struct {
	faults.Call `json:"call"`

	// Process names the roles of the process.
	Process string `json:"process"`
	// Part is the activity that the call belongs to; empty outside of activities.
	Part faults.Part `json:"part"`
	// Mode is what it was told.
	Mode faults.Mode `json:"mode"`
}

// Plan lets one call fail.
type Plan struct {
	// N is the number of the call to fail, from 1; 0 only counts.
	N int
	// Mode is how it fails.
	Mode faults.Mode
	// Counts picks the calls that are counted; nil counts all.
	Counts func(Call) bool
	// After, if not nil, starts the count behind the first call that it picks.
	After func(Call) bool
	// Sweep, if not nil, picks the calls to fail in place of N and Mode.
	Sweep *Sweep
	// Then, if not nil, runs in a goroutine of its own when the Nth call came; the
	// call itself goes on as Mode says.
	Then func()
}

// Gate answers every outside call of every process of one world, and counts them
// as one sequence. It is safe for concurrent use.
type Gate struct {
	server *httptest.Server

	mu      sync.Mutex
	plan    Plan   // owned by mu
	started bool   // the count has begun; owned by mu
	counted int    // owned by mu
	calls   []Call // since the last Arm; owned by mu
	hit     *Call  // the call that failed, of a sweep the last; owned by mu
	swept   swept  // what a sweep did since the last Arm; owned by mu
}

// NewGate opens a gate that closes when t ends; each world has one of its own.
func NewGate(t testing.TB) *Gate {
	t.Helper()
	gate := &Gate{started: true}
	gate.server = httptest.NewServer(http.HandlerFunc(gate.serve))
	t.Cleanup(gate.server.Close)
	return gate
}

// URL is what workers get as STEWARD_FAULT_GATE.
func (g *Gate) URL() string { return g.server.URL }

func (g *Gate) serve(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	try, err := strconv.ParseInt(query.Get("try"), 10, 32)
	if err != nil {
		try = 0 // it stands outside of activities
	}
	answer := faults.Answer{Mode: g.next(Call{
		Process: query.Get("process"),
		Part:    faults.Part{Operation: query.Get("operation"), Of: query.Get("of"), Try: int32(try)},
		Call:    faults.Call{Kind: faults.Kind(query.Get("kind")), Name: query.Get("name")},
	})}
	// A process that is gone cannot be told.
	_ = json.NewEncoder(w).Encode(answer) //nolint:errcheck,errchkjson // see above
}

func (g *Gate) next(call Call) faults.Mode {
	g.mu.Lock()
	defer g.mu.Unlock()
	call.Mode = faults.Pass
	if g.started && (g.plan.Counts == nil || g.plan.Counts(call)) {
		g.counted++
		if g.plan.Sweep != nil && g.swept.strikes(g.plan.Sweep, call) {
			call.Mode = g.plan.Sweep.Mode
			g.hit = &call
		}
		if g.counted == g.plan.N {
			call.Mode = g.plan.Mode
			g.hit = &call
			if g.plan.Then != nil {
				go g.plan.Then()
			}
		}
	}
	if !g.started && g.plan.After != nil && g.plan.After(call) {
		g.started = true
	}
	g.calls = append(g.calls, call)
	return call.Mode
}

// Arm begins a new count with this plan.
func (g *Gate) Arm(plan Plan) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.plan, g.counted, g.calls, g.hit = plan, 0, nil, nil
	g.swept = newSwept()
	g.started = plan.After == nil
}

// Disarm ends the count. It gives the number of calls that were counted and the
// call that failed, nil if it never came.
func (g *Gate) Disarm() (counted int, hit *Call) {
	g.mu.Lock()
	defer g.mu.Unlock()
	counted, hit = g.counted, g.hit
	g.plan = Plan{}
	g.started = true
	return counted, hit
}

// Calls are those since the last Arm, in the order in which they came.
func (g *Gate) Calls() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Call(nil), g.calls...)
}

// Failed are the calls since the last Arm that did not just pass.
func (g *Gate) Failed() []Call {
	return slices.DeleteFunc(g.Calls(), func(call Call) bool { return call.Mode == faults.Pass })
}

// Hit is the call that failed, nil if it has not come.
func (g *Gate) Hit() *Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.hit
}
