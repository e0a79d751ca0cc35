// Package figure is what the benches publish: ratios beside their aims, and how a report of them is written.
package figure

import "slices"

// Aim is the limit that a figure has; its zero value is none.
type Aim struct {
	limit  float64
	atMost bool
}

// AtLeast is the aim of what is good when it is large.
func AtLeast(limit float64) Aim { return Aim{limit: limit} }

// AtMost is the aim of what is good when it is small.
func AtMost(limit float64) Aim { return Aim{limit: limit, atMost: true} }

// Figure is one ratio, or one amount, beside its aim.
type Figure struct {
	// Name says what it is.
	Name string `json:"name"`
	// Median, Least and Most are over the rounds.
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	// Aim is the limit, 0 where there is none; AtMost says on which side of it is good, and Reached whether the median is
	// on that side.
	Aim     float64 `json:"aim"`
	AtMost  bool    `json:"at_most"`
	Reached bool    `json:"reached"`
}

// New makes the figure of what was measured in each round, of which there is one at least. It sorts the values.
func New(name string, values []float64, aim Aim) Figure {
	slices.Sort(values)
	f := Figure{Name: name, Median: values[len(values)/2], Least: values[0], Most: values[len(values)-1], Aim: aim.limit, AtMost: aim.atMost}
	if len(values)%2 == 0 {
		f.Median = (values[len(values)/2-1] + values[len(values)/2]) / 2
	}
	switch {
	case aim == Aim{}:
	case aim.atMost:
		f.Reached = f.Median <= aim.limit
	default:
		f.Reached = f.Median >= aim.limit
	}
	return f
}
