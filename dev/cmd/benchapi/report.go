package main

import (
	"fmt"
	"io"

	"steward/dev/internal/figure"
)

// report is all that one run measured.
type report struct {
	figure.Machine

	// Clients called at once, for so many seconds in each measurement.
	Clients int     `json:"clients"`
	Seconds float64 `json:"seconds"`
	// Figures are the ratios.
	Figures []figure.Figure `json:"figures"`
	// CPU are the ratios of pace as they would be if only processor time counted: how many things of one kind cost as much
	// as one of the other. They have no aim; they stay the same on a machine where others are at work, on which those of
	// the wall's time do not.
	CPU []figure.Figure `json:"cpu"`
	// Rounds are what was measured.
	Rounds []round `json:"rounds"`
	// Tokens are how long tokens of each kind took to be told apart.
	Tokens tokenTimes `json:"tokens"`
	// Floods are what good callers noticed of bad ones, several for each round.
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

// begin makes the report of a run that begins now.
func begin(o options) report {
	return report{Machine: figure.ThisMachine(), Clients: o.clients, Seconds: o.time.Seconds()}
}

// judge makes the figures. A ratio is made within a round, and the median of the ratios counts.
func (r *report) judge() {
	pace := func(name string, aim float64, of, to func(round) load) {
		r.Figures = append(r.Figures, figure.New(name, each(r.Rounds, func(one round) float64 {
			return of(one).PerSecond / to(one).PerSecond
		}), figure.AtLeast(aim)))
		r.CPU = append(r.CPU, figure.New(name, each(r.Rounds, func(one round) float64 {
			return to(one).CPUMicros / of(one).CPUMicros
		}), figure.Aim{}))
	}
	pace("POST /v1/accounts : bare insert", aimAccounts, func(r round) load { return r.Accounts }, func(r round) load { return r.Insert })
	pace("signs, one in a call : pgbench upserts", aimSingle, func(r round) load { return r.Single }, func(r round) load { return r.PGBench })
	pace("signs, a hundred in a call : the same", aimHundred, func(r round) load { return r.Hundred }, func(r round) load { return r.PGBench })
	beside := each(r.Floods, func(f flood) float64 { return f.Ratio })
	peer := each(r.Floods, func(f flood) float64 { return f.PeerRatio })
	wrong := []float64{r.Tokens.WrongSecret.P50MS / r.Tokens.Stranger.P50MS}
	r.Figures = append(r.Figures,
		figure.New("p99 of good callers beside a flood : alone", beside, figure.AtMost(aimFlood)),
		figure.New("the same, the flood at a server that does nothing", peer, figure.Aim{}),
		figure.New("p50 of a wrong secret : an unknown id", wrong, figure.AtMost(aimTokens)))
}

// each is what there is to say of each round.
func each[T, V any](rounds []T, say func(T) V) []V {
	values := make([]V, len(rounds))
	for i, one := range rounds {
		values[i] = say(one)
	}
	return values
}

// medians are those of all that was measured of one thing.
func medians(all []load) load {
	of := func(value func(load) float64) float64 { return figure.New("", each(all, value), figure.Aim{}).Median }
	return load{
		PerSecond: of(func(l load) float64 { return l.PerSecond }),
		P50MS:     of(func(l load) float64 { return l.P50MS }),
		P99MS:     of(func(l load) float64 { return l.P99MS }),
	}
}

func (r *report) write(out io.Writer) error {
	table := figure.NewTable(out)
	figure.WriteFigures(table, "figure", r.Figures)
	figure.WriteFigures(table, "the same of processor time", r.CPU)
	fmt.Fprintf(table, "\nlast round, medians of floods\ta second\tp50 ms\tp99 ms\t\t\n")
	last := r.Rounds[len(r.Rounds)-1]
	floods := func(of func(flood) load) load { return medians(each(r.Floods, of)) }
	for _, row := range []struct {
		name string
		load load
	}{
		{"bare insert", last.Insert},
		{"POST /v1/accounts", last.Accounts},
		{"pgbench upserts", last.PGBench},
		{"signs, one in a call", last.Single},
		{"signs, a hundred in a call", last.Hundred},
		{"good callers alone", floods(func(f flood) load { return f.Alone })},
		{"good callers beside a flood", floods(func(f flood) load { return f.Beside })},
		{"the flood", floods(func(f flood) load { return f.Bad })},
		{"good callers, the flood elsewhere", floods(func(f flood) load { return f.Peer })},
		{"the flood, elsewhere", floods(func(f flood) load { return f.BadPeer })},
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
