package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// figure is one ratio beside its aim.
type figure struct {
	// Name says what it is.
	Name string `json:"name"`
	// Median, Least and Most are over the rounds.
	Median float64 `json:"median"`
	Least  float64 `json:"least"`
	Most   float64 `json:"most"`
	// Aim is the limit; AtMost says on which side of it is good.
	Aim     float64 `json:"aim"`
	AtMost  bool    `json:"at_most"`
	Reached bool    `json:"reached"`
}

// report is all that one run measured.
type report struct {
	// Clients called at once, for so many seconds in each measurement.
	Clients int     `json:"clients"`
	Seconds float64 `json:"seconds"`
	// Cores is what the machine has, Load its load average before the run.
	Cores int    `json:"cores"`
	Load  string `json:"load"`
	// Figures are the ratios.
	Figures []figure `json:"figures"`
	// Rounds are what was measured.
	Rounds []round `json:"rounds"`
	// Tokens are how long tokens of each kind took to be told apart.
	Tokens tokenTimes `json:"tokens"`
	// Floods are what good callers noticed of bad ones.
	Floods []flood `json:"floods"`
	// TemporalCalls counts the connections to where Temporal would be.
	TemporalCalls int64 `json:"temporal_calls"`
}

// The aims, of issue 4.
const (
	aimAccounts = 0.5
	aimSingle   = 0.5
	aimHundred  = 5
	aimFlood    = 1.5
	// aimTokens: no more than the noise of a machine that does other work tells an id that is there from one that is not.
	aimTokens = 1.2
)

func (r *report) begin(o options) {
	r.Clients, r.Seconds, r.Cores, r.Load = o.clients, o.time.Seconds(), runtime.NumCPU(), "unknown"
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		r.Load, _, _ = strings.Cut(string(text), " ")
	}
}

// judge makes the figures. A ratio is made within a round, and the median of the ratios counts.
func (r *report) judge() {
	ratio := func(name string, aim float64, of, to func(round) load) {
		values := make([]float64, 0, len(r.Rounds))
		for _, each := range r.Rounds {
			values = append(values, of(each).PerSecond/to(each).PerSecond)
		}
		r.Figures = append(r.Figures, figureOf(name, values, aim, false))
	}
	ratio("POST /v1/accounts : bare insert", aimAccounts, func(r round) load { return r.Accounts }, func(r round) load { return r.Insert })
	ratio("signs, one in a call : pgbench upserts", aimSingle, func(r round) load { return r.Single }, func(r round) load { return r.PGBench })
	ratio("signs, a hundred in a call : the same", aimHundred,
		func(r round) load { return r.Hundred }, func(r round) load { return r.PGBench })
	floods := make([]float64, 0, len(r.Floods))
	for _, each := range r.Floods {
		floods = append(floods, each.Ratio)
	}
	r.Figures = append(r.Figures, figureOf("p99 of good callers beside a flood : alone", floods, aimFlood, true),
		figureOf("p50 of a wrong secret : an unknown id", []float64{r.Tokens.WrongSecret.P50MS / r.Tokens.Stranger.P50MS}, aimTokens, true))
}

func figureOf(name string, values []float64, aim float64, atMost bool) figure {
	slices.Sort(values)
	f := figure{Name: name, Median: values[len(values)/2], Least: values[0], Most: values[len(values)-1], Aim: aim, AtMost: atMost}
	if len(values)%2 == 0 {
		f.Median = (values[len(values)/2-1] + values[len(values)/2]) / 2
	}
	f.Reached = f.Median >= aim
	if atMost {
		f.Reached = f.Median <= aim
	}
	return f
}

func (r *report) writeJSON(out io.Writer) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(r); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

func (r *report) write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nfigure\tmedian\tleast\tmost\taim\t\n")
	for _, f := range r.Figures {
		sign, verdict := ">=", "reached"
		if f.AtMost {
			sign = "<="
		}
		if !f.Reached {
			verdict = "missed"
		}
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%s %.1f\t%s\n", f.Name, f.Median, f.Least, f.Most, sign, f.Aim, verdict)
	}
	fmt.Fprintf(table, "\nlast round\ta second\tp50 ms\tp99 ms\t\t\n")
	last := r.Rounds[len(r.Rounds)-1]
	flood := r.Floods[len(r.Floods)-1]
	for _, row := range []struct {
		name string
		load load
	}{
		{"bare insert", last.Insert},
		{"POST /v1/accounts", last.Accounts},
		{"pgbench upserts", last.PGBench},
		{"signs, one in a call", last.Single},
		{"signs, a hundred in a call", last.Hundred},
		{"good callers alone", flood.Alone},
		{"good callers beside a flood", flood.Beside},
		{"the flood", flood.Bad},
		{"right token, refused by its role", r.Tokens.Right},
		{"wrong secret of a known id", r.Tokens.WrongSecret},
		{"unknown id", r.Tokens.Stranger},
		{"no token at all, by its form", r.Tokens.Garbage},
	} {
		fmt.Fprintf(table, "%s\t%.0f\t%.2f\t%.2f\t\t\n", row.name, row.load.PerSecond, row.load.P50MS, row.load.P99MS)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	_, err := fmt.Fprintf(out, "\n%d rounds of %.0f s for each measurement, %d clients, fsync on, %d cores shared "+
		"by clients, API and PostgreSQL,\n"+
		"load %s before the run. Connections to where Temporal would be: %d.\n",
		len(r.Rounds), r.Seconds, r.Clients, r.Cores, r.Load, r.TemporalCalls)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
