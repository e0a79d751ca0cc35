package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"steward/dev/internal/figure"
)

// report is all that one run of the bench measured.
type report struct {
	figure.Machine

	// DumpBytes is the size of the plain dump, StoredBytes of what a backup stores.
	DumpBytes   int64 `json:"dump_bytes"`
	StoredBytes int64 `json:"stored_bytes"`
	// Figures are the ratios and amounts that have an aim.
	Figures []figure.Figure `json:"figures"`
	// CPU are the same ratios of processor time: all processes together, without the storage stand-in. They have no aim;
	// they stay the same on a machine where others are at work, on which those of wall time do not.
	CPU []figure.Figure `json:"cpu"`
	// Rounds are what was measured.
	Rounds []round `json:"rounds"`
	// StoragePeakKiB is the memory of the storage stand-in, which is no part of the worker's.
	StoragePeakKiB int64 `json:"storage_peak_kib"`
	// QuarterPeakKiB is the worker's peak at a quarter of the data, PeakKiB the largest at all of it.
	QuarterPeakKiB int64 `json:"quarter_peak_kib"`
	PeakKiB        int64 `json:"peak_kib"`
}

// The aims.
const (
	aimTake    = 1.3
	aimNoHash  = 1.15
	aimByHand  = 0.35
	aimDrill   = 1.3
	aimPeakMiB = 96
	// aimGrowth leaves room for what the kernel and the garbage collector do from run to run.
	aimGrowth = 1.15
)

const (
	quarter   = 4
	kibPerMib = 1024
)

func measure(ctx context.Context, o options, progress io.Writer) (out report, err error) {
	out.Machine = figure.ThisMachine()
	w, err := newWorld(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	bytes := int64(o.sizeMB) * megabyte
	if err := out.atQuarter(ctx, w, bytes/quarter, progress); err != nil {
		return out, err
	}
	b := &bench{world: w, profile: o.profile}
	if b.url, err = w.fill(ctx, "whole", bytes, progress); err != nil {
		return out, err
	}
	if out.DumpBytes, err = b.archive(ctx); err != nil {
		return out, err
	}
	for i := range o.rounds {
		measured, err := b.round(ctx, i, progress)
		if err != nil {
			return out, err
		}
		out.Rounds = append(out.Rounds, measured)
	}
	if out.StoragePeakKiB, err = peakKiB(strconv.Itoa(w.storage.Process.Pid)); err != nil {
		return out, err
	}
	out.judge()
	return out, nil
}

// atQuarter takes one backup of a quarter of the data, for its peak memory.
func (r *report) atQuarter(ctx context.Context, w *world, bytes int64, progress io.Writer) (err error) {
	b := &bench{world: w}
	if b.url, err = w.fill(ctx, "quarter", bytes, progress); err != nil {
		return err
	}
	took, id, err := b.take(ctx, false)
	if err != nil {
		return err
	}
	r.QuarterPeakKiB = took.PeakKiB
	return w.remove(ctx, id)
}

// judge makes the figures from the rounds. A ratio is made within a round, and the median of the ratios counts.
func (r *report) judge() {
	ratio := func(name, of, to string, aim float64) {
		r.Figures = append(r.Figures, r.ratio(name, of, to, figure.AtMost(aim), func(each round) map[string]float64 { return each.Steps }))
		r.CPU = append(r.CPU, r.ratio(name, of, to, figure.Aim{}, func(each round) map[string]float64 { return each.CPU }))
	}
	ratio("backup with content hash : pg_dump -Fc -Z0 > /dev/null", stepTake, stepDump, aimTake)
	ratio("backup without content hash : the same", stepTakeNoHash, stepDump, aimNoHash)
	ratio("backup with content hash : pg_dump -Fc | age > file", stepTake, stepAge, aimByHand)
	ratio("drill : bare pg_restore", stepDrill, stepRestore, aimDrill)
	peaks := make([]float64, 0, len(r.Rounds))
	for _, each := range r.Rounds {
		took := each.Took[stepTake]
		peaks = append(peaks, float64(took.PeakKiB)/kibPerMib)
		r.PeakKiB, r.StoredBytes = max(r.PeakKiB, took.PeakKiB), took.Bytes
	}
	r.Figures = append(r.Figures,
		figure.New("peak memory of the worker process, MiB", peaks, figure.AtMost(aimPeakMiB)),
		figure.New("peak memory : that at a quarter of the data",
			[]float64{float64(r.PeakKiB) / float64(r.QuarterPeakKiB)}, figure.AtMost(aimGrowth)))
}

func (r *report) ratio(name, of, to string, aim figure.Aim, amounts func(round) map[string]float64) figure.Figure {
	ratios := make([]float64, 0, len(r.Rounds))
	for _, each := range r.Rounds {
		ratios = append(ratios, amounts(each)[of]/max(amounts(each)[to], leastSeconds))
	}
	return figure.New(name, ratios, aim)
}

// leastSeconds is the grain of the kernel's clock, so that nothing is divided by zero.
const leastSeconds = 0.01

func (r *report) write(out io.Writer) error {
	table := figure.NewTable(out)
	figure.WriteFigures(table, "figure", r.Figures)
	figure.WriteFigures(table, "the same of processor time", r.CPU)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	last := r.Rounds[len(r.Rounds)-1]
	took := last.Took[stepTake]
	_, err := fmt.Fprintf(out, "\n%d rounds, dump of %d MB stored as %d MB (%.1f : 1), %d cores, load %s before the run.\n"+
		"Processor time of the last backup: worker %.1f s, pg_dump %.1f s, storage stand-in %.1f s in a process of its own\n"+
		"(peak %d MiB, not in the worker's), the database server besides; all of them share the cores.\n",
		len(r.Rounds), r.DumpBytes/megabyte, r.StoredBytes/megabyte, float64(r.DumpBytes)/float64(max(r.StoredBytes, 1)), r.Cores, r.Load,
		took.Self, took.Children, last.StorageCPU, r.StoragePeakKiB/kibPerMib)
	if err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}
