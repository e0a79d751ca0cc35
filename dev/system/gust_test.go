package system_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"steward/dev/harness"
	"steward/internal/emulator/gcs"
	"steward/internal/faults"
)

const (
	// between is how long after its call a strike may fall, so that some fall
	// between two calls.
	between = 30 * time.Millisecond
	// outageAtMost is how long a fault that does not end by itself lasts, unless the
	// act is over before.
	outageAtMost = 1500 * time.Millisecond
)

// callsOf bounds the call at which a strike falls: about how many outside calls an act
// makes, those of the drill alone, or of all but the sequencer. Behind the last of them
// nothing is struck, and the run says so.
func callsOf(of act, whose string) int {
	const backup, files, prune, drillOfBackup, drillOfFiles = 130, 80, 33, 50, 20
	switch {
	case of == actFiles && whose == "drill":
		return drillOfFiles
	case whose == "drill":
		return drillOfBackup
	case of == actFiles:
		return files
	case of == actBackup:
		return backup
	default:
		return prune
	}
}

// gust is one run: a day with one strike.
type gust struct {
	*stricken

	item  item
	seed  uint64 // of its slice
	run   int    // its number, begun ones counted
	again bool   // the day needed a second run

	over   chan struct{}               // closed when the struck act has ended
	ended  chan struct{}               // closed when the strike has, if it came
	heal   func(context.Context) error // owned by who closes ended until then
	failed error                       // of the strike itself; as heal

	mu    sync.Mutex
	calm  bool   // from here on nothing is met; owned by mu
	phase string // in which it really struck; "" if it met nobody; owned by mu until ended
}

// strikeDay makes the day and gives what is wrong afterwards.
func (g *gust) strikeDay(ctx context.Context) []string {
	look, stop := context.WithTimeout(ctx, stormTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, stormTimeout)
	defer cancel()
	err := g.do(ctx, g.item.act)
	if err == nil {
		err = g.failed
	}
	if err == nil {
		err = g.Settle(ctx)
	}
	if err != nil {
		return []string{err.Error()}
	}
	return looked(look, g.World)
}

// under does the work under the strike, and returns when both have ended. What it
// gives is the work's: a strike may well let it fail.
func (g *gust) under(ctx context.Context, work func() error) error {
	g.over, g.ended = make(chan struct{}), make(chan struct{})
	whatever := context.WithoutCancel(ctx) // what was struck is healed in any case
	lasts := time.Duration(g.dice.Int64N(int64(outageAtMost)))
	switch {
	case g.item.strike.name == storageFault:
		// It waits for a request of its kind, and then until patience has ended.
		g.Gate.Arm(harness.Plan{})
		if _, err := g.Storage.InjectFault(g.fault(func(asked gcs.Hit) { g.meet(asked, lasts+outageAtMost) })); err != nil {
			return fmt.Errorf("disturbing the storage: %w", err)
		}
	case g.item.strike.first != "":
		g.Gate.Arm(harness.Plan{N: 1, Mode: faults.Pass, Counts: g.counts, Then: func() { g.blow(whatever, 0) }})
		if err := g.begin(whatever); err != nil {
			return err
		}
	default:
		g.Gate.Arm(harness.Plan{N: g.at(), Mode: faults.Pass, Counts: g.counts, Then: func() { g.blow(whatever, lasts) }})
	}
	err := work()
	close(g.over)
	g.calmDown(whatever)
	return err
}

// at is the number of the call at which it falls. One that met nobody falls within the
// first half of the calls the next time, then within the first quarter: an outage lasts
// until it is met, so that one of an early call misses nothing that the act does.
func (g *gust) at() int {
	if g.item.strike.program != "" {
		return 1
	}
	return 1 + g.dice.IntN(max(1, callsOf(g.item.act, g.item.strike.whose)>>g.item.tries))
}

// counts picks the calls among which it falls. The sequencer polls by its own clock:
// its calls say nothing of how far the work is.
func (g *gust) counts(call harness.Call) bool {
	strike := g.item.strike
	switch {
	case strike.program != "":
		return call.Name == "start "+strike.program
	case strike.first != "":
		return call.Name == strike.first
	default:
		return call.Process != "core" && (strike.whose == "" || call.Process == strike.whose)
	}
}

// begin strikes what has to be there before the act.
func (g *gust) begin(ctx context.Context) error {
	heal, err := g.item.strike.do(ctx, g.stricken)
	g.heal = heal
	return err
}

// blow strikes, lets it last, and heals.
func (g *gust) blow(ctx context.Context, lasts time.Duration) {
	defer close(g.ended)
	if g.dice.IntN(2) == 0 && g.item.strike.first == "" {
		time.Sleep(time.Duration(g.dice.Int64N(int64(between)))) //nolint:forbidigo // the moment of the strike itself
	}
	phase := phaseOf(g.item.act, g.Gate.Calls())
	if g.item.strike.first == "" {
		g.failed = g.begin(ctx)
	}
	if g.failed == nil && g.heal != nil {
		g.last(lasts)
		g.failed = g.heal(ctx)
		g.heal = nil
	}
	if errors.Is(g.failed, errNobody) {
		g.failed = nil
		return
	}
	g.phase = phase
}

// last lets an outage meet somebody and then last, unless the act is over before.
func (g *gust) last(lasts time.Duration) {
	for g.met != nil && !g.met() {
		select {
		case <-g.over:
			return
		case <-time.After(look):
		}
	}
	select {
	case <-g.over:
	case <-time.After(lasts):
	}
}

// meet notes where a fault of the storage really struck, and ends it after a while:
// what it stalls and slows has no end of its own.
func (g *gust) meet(asked gcs.Hit, lasts time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.calm || g.phase != "" {
		return
	}
	g.phase = phaseOf(g.item.act, g.Gate.Calls())
	if asked.Bucket == g.Rules.Storage.Ledger {
		g.phase = "seal of the ledger"
	}
	go func() {
		defer close(g.ended)
		g.last(lasts)
		g.Storage.ClearFaults()
	}()
}

// calmDown waits for the end of a strike that has begun; one that has not is taken back.
func (g *gust) calmDown(ctx context.Context) {
	_, hit := g.Gate.Disarm()
	if g.item.strike.name == storageFault {
		g.Storage.ClearFaults()
		g.mu.Lock()
		g.calm = true
		hit = nil
		if g.phase != "" {
			hit = &harness.Call{}
		}
		g.mu.Unlock()
	}
	if hit != nil {
		<-g.ended
	}
	if g.heal != nil { // it was there from the beginning, and nobody came
		g.failed = errors.Join(g.failed, g.heal(ctx))
		g.heal = nil
	}
}
