package environment

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"steward/dev/internal/procs"
	"steward/dev/internal/state"
)

// Down stops everything, the ones that use others first, and leaves no process.
// State stays; the next up goes on with it.
func (e *Environment) Down(ctx context.Context) (err error) {
	unlock, err := e.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	return e.stopAll(ctx)
}

func (e *Environment) stopAll(ctx context.Context) error {
	records, err := e.launcher.Table.All()
	if err != nil {
		return fmt.Errorf("looking for what runs: %w", err)
	}
	if anyRuns(records) {
		// The time off begins now.
		if _, err := procs.Beat(e.launcher.Alive, e.launcher.Off, time.Now()); err != nil {
			return fmt.Errorf("noting the time: %w", err)
		}
	}
	for _, name := range stopOrder(records) {
		err := e.out.Step(ctx, name, func(ctx context.Context) (string, error) {
			return "stopped", e.launcher.Table.Stop(ctx, name, stopGrace)
		})
		if err != nil && ctx.Err() != nil {
			return fmt.Errorf("stopping was interrupted and the rest runs on, run it again: %w", err)
		}
		if err != nil {
			return fmt.Errorf("stopping: %w", err)
		}
	}
	if len(records) == 0 {
		e.out.Linef("nothing runs")
	}
	return nil
}

func anyRuns(records map[string]procs.Record) bool {
	for _, record := range records {
		if record.Running() {
			return true
		}
	}
	return false
}

// stopOrder puts what this version does not know first, since it may use anything,
// and the databases last.
func stopOrder(records map[string]procs.Record) []string {
	last := []string{partMail, partGCS, partTemporal, partDrill, partPostgres}
	names := make([]string, 0, len(records))
	for name := range records {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if d := slices.Index(last, a) - slices.Index(last, b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return names
}

// Reset stops everything and removes the state that up made: data, keys,
// passwords, logs, ports. Binaries and tools under .dev stay (make clean).
func (e *Environment) Reset(ctx context.Context) (err error) {
	unlock, err := e.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := e.stopAll(ctx); err != nil {
		return err
	}
	if err := e.removeElsewhere(); err != nil {
		return err
	}
	for _, name := range made() {
		if err := os.RemoveAll(e.dir.Path(name)); err != nil {
			return fmt.Errorf("removing %s: %w", e.dir.Path(name), err)
		}
	}
	e.out.Linef("removed the state of the dev environment")
	return nil
}

// made lists everything under .dev that up makes. The lock stays: it is held.
func made() []string {
	return []string{
		"pg", "gcs", "mail", "keys", "secrets", "log", "run", "place.json", "ports.json",
		"env", "policy.yaml", "demo.json", "clock", "alive", "off.jsonl", "off.jsonl.lock", "off-told.json",
	}
}

// removeElsewhere removes data that had to be put outside the clone. Only the one
// path that this clone would choose is ever removed, whatever the file says.
func (e *Environment) removeElsewhere() error {
	var place string
	found, err := state.ReadJSON(e.placeFile(), &place)
	if err != nil {
		return fmt.Errorf("finding the clusters: %w", err)
	}
	if !found || !strings.HasSuffix(place, "/steward-"+e.dir.Tag()) {
		return nil
	}
	if err := os.RemoveAll(place); err != nil {
		return fmt.Errorf("removing %s: %w", place, err)
	}
	return nil
}
