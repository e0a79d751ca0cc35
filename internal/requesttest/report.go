package requesttest

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Report counts what was asked and answered.
type Report struct {
	// Requests is how many there were.
	Requests int
	// Statuses counts the answers of each operation by status.
	Statuses map[string]map[int]int
	// Slowest is the longest that an operation took, and what was asked.
	Slowest map[string]Slow
}

// Slow is one slow answer.
type Slow struct {
	Took time.Duration
	Skin Skin
}

// NewReport makes an empty one.
func NewReport() *Report {
	return &Report{Statuses: map[string]map[int]int{}, Slowest: map[string]Slow{}}
}

// Add counts one answer.
func (r *Report) Add(asked Request, got Answer, took time.Duration) {
	id := asked.Operation.ID
	if r.Statuses[id] == nil {
		r.Statuses[id] = map[int]int{}
	}

	r.Requests++
	r.Statuses[id][got.Status]++

	if took > r.Slowest[id].Took {
		r.Slowest[id] = Slow{Took: took, Skin: asked.Skin}
	}
}

// Succeeded reports whether the operation was done at least once: an answer below 400.
func (r *Report) Succeeded(operation string) bool {
	for status := range r.Statuses[operation] {
		if status < http.StatusBadRequest {
			return true
		}
	}

	return false
}

// Write shows the report, one operation a line.
func (r *Report) Write(w io.Writer) {
	fmt.Fprintf(w, "requests=%d operations=%d\n", r.Requests, len(r.Statuses))

	for _, id := range slices.Sorted(maps.Keys(r.Statuses)) {
		slow := r.Slowest[id]
		fmt.Fprintf(w, "%-28s slowest=%-10s (%s) statuses=%v\n", id, slow.Took.Round(10*time.Microsecond), slow.Skin, r.Statuses[id])
	}
}
