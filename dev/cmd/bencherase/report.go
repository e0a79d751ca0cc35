package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"steward/dev/internal/figure"
	"steward/internal/postgres"
)

// report is all that one run measured.
type report struct {
	figure.Machine

	// Displays is how many displays the demo app has.
	Displays int `json:"displays"`
	// Figures are the ratios.
	Figures []figure.Figure `json:"figures"`
	// Rounds are what was measured.
	Rounds []round `json:"rounds"`
}

// round is one of each measurement.
type round struct {
	Cascade deletion `json:"cascade"`
	Engine  deletion `json:"engine"`
	// IdleMS is the p99 of another account's queries beside nobody, before each of both.
	IdleMS [2]float64 `json:"idle_ms"`
	// CopySeconds is how long COPY reads the tables, OneSeconds and ManySeconds how long the pass looks through them for one
	// and for ten thousand erasures by their mail addresses, and BothSeconds for ten thousand by their phone numbers too.
	CopySeconds float64 `json:"copy_seconds"`
	OneSeconds  float64 `json:"one_seconds"`
	ManySeconds float64 `json:"many_seconds"`
	BothSeconds float64 `json:"both_seconds"`
}

const many = 10_000

func (w *world) round(ctx context.Context, idleTime time.Duration) (r round, err error) {
	err = w.fresh(ctx, func(db *postgres.DB) (err error) {
		if r.IdleMS[0], err = idle(ctx, db, idleTime); err != nil {
			return err
		}
		r.Cascade, err = cascade(ctx, db)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("the cascade: %w", err)
	}
	err = w.fresh(ctx, func(db *postgres.DB) (err error) {
		if err := w.residues(ctx, db, &r); err != nil {
			return err
		}
		if r.IdleMS[1], err = idle(ctx, db, idleTime); err != nil {
			return err
		}
		r.Engine, err = w.engine(ctx, db)
		return err
	})
	if err != nil {
		return r, fmt.Errorf("the engine: %w", err)
	}
	return r, nil
}

// The aims, of issue 5.
const (
	aimPace    = 0.7
	aimLatency = 1.5
	aimResidue = 3
)

// judge makes the figures. A ratio is made within a round, and the median of the ratios counts.
func (r *report) judge() {
	add := func(name string, aim figure.Aim, of func(round) float64) {
		values := make([]float64, len(r.Rounds))
		for i, one := range r.Rounds {
			values[i] = of(one)
		}
		r.Figures = append(r.Figures, figure.New(name, values, aim))
	}
	add("rows a second, engine : one DELETE with cascades", figure.AtLeast(aimPace), func(r round) float64 {
		return r.Engine.perSecond() / r.Cascade.perSecond()
	})
	add("the same until all is clean : DELETE, VACUUM (ANALYZE)", figure.Aim{}, func(r round) float64 {
		return r.Engine.perSecondClean() / r.Cascade.perSecondClean()
	})
	add("p99 of another account beside the engine : idle", figure.AtMost(aimLatency), func(r round) float64 {
		return r.Engine.P99MS / r.IdleMS[1]
	})
	add("the same beside one DELETE", figure.Aim{}, func(r round) float64 { return r.Cascade.P99MS / r.IdleMS[0] })
	add("residue of one erasure : COPY", figure.AtMost(aimResidue), func(r round) float64 { return r.OneSeconds / r.CopySeconds })
	add("residue of ten thousand : COPY", figure.AtMost(aimResidue), func(r round) float64 { return r.ManySeconds / r.CopySeconds })
	add("the same with a phone number of each", figure.AtMost(aimResidue), func(r round) float64 { return r.BothSeconds / r.CopySeconds })
}

func (r *report) write(out io.Writer) error {
	table := figure.NewTable(out)
	fmt.Fprintf(table, "%d displays, %d rounds\n", r.Displays, len(r.Rounds))
	fmt.Fprintf(table, "\t rows\t seconds\t to clean\t p99 ms\n")
	for _, one := range r.Rounds {
		fmt.Fprintf(table, "cascade\t %d\t %.2f\t %.2f\t %.1f\n",
			one.Cascade.Rows, one.Cascade.Seconds, one.Cascade.CleanSeconds, one.Cascade.P99MS)
		fmt.Fprintf(table, "engine\t %d\t %.2f\t %.2f\t %.1f\n",
			one.Engine.Rows, one.Engine.Seconds, one.Engine.CleanSeconds, one.Engine.P99MS)
	}
	figure.WriteFigures(table, "ratio", r.Figures)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
