package environment

import (
	"fmt"
	"time"

	"steward/dev/internal/procs"
	"steward/dev/internal/state"
)

// toldFile remembers how many gaps the person at this machine was told of.
func (e *Environment) toldFile() string { return e.dir.Path("off-told.json") }

// tellOff writes the heartbeat and says when the machine was off since the last
// up: the gap that ends now, and those that the keepers noted when a sleeping
// machine woke. `steward promises` reads the same file, and does not call a
// promise broken for what fell due meanwhile.
func (e *Environment) tellOff() error {
	if _, err := procs.Beat(e.launcher.Alive, e.launcher.Off, time.Now()); err != nil {
		return fmt.Errorf("looking for the time off: %w", err)
	}
	gaps, err := procs.Gaps(e.launcher.Off)
	if err != nil {
		return fmt.Errorf("looking for the time off: %w", err)
	}
	var told int
	if _, err := state.ReadJSON(e.toldFile(), &told); err != nil {
		return fmt.Errorf("looking for the time off: %w", err)
	}
	if told >= len(gaps) {
		return nil
	}
	for _, gap := range gaps[told:] {
		e.out.Linef("machine was off from %s to %s", gap.From.Format(time.RFC3339), gap.To.Format(time.RFC3339))
	}
	if err := state.WriteJSON(e.toldFile(), len(gaps)); err != nil {
		return fmt.Errorf("noting what was told: %w", err)
	}
	return nil
}
