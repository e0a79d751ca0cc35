package system_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/emulator/gcs"
)

const (
	// stormRuns are those of make test; soakRuns those of make soak.
	stormRuns, soakRuns = 20, 500
	// callsOfADay bounds the call at which a strike falls: a backup makes some 110
	// outside calls; behind the last of them nothing is struck, and the run says so.
	callsOfADay = 110
	// callsOfAPrune does the same for a prune.
	callsOfAPrune = 30
	// between is how long after its call a strike may fall, so that some fall
	// between two calls.
	between = 30 * time.Millisecond
	// outageAtMost is how long a fault that does not end by itself lasts.
	outageAtMost = 1500 * time.Millisecond
	// stormTimeout bounds one run, a second backup after the fault included.
	stormTimeout = 2 * time.Minute
)

// storm hands out runs, and adds up what they met.
type storm struct {
	seed    uint64
	runs    int
	strikes []strike // each in turn; where it falls is the dice's

	mu         sync.Mutex
	next       int                    // owned by mu
	struck     map[string]int         // strikes by name; owned by mu
	phases     map[string]int         // phases in which one fell; owned by mu
	again      int                    // days that needed a second run; owned by mu
	violations []string               // owned by mu
	wanted     map[gcs.Operation]bool // operations that the workers use; owned by mu
	reached    map[cell]int           // owned by mu
	aimed      map[cell]int           // owned by mu
}

// take gives the next run, false if there is none. Most strikes on the storage go
// where the fewest went before.
func (s *storm) take() (run int, aim cell, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.next >= s.runs || len(s.violations) >= maxViolations {
		return 0, cell{}, false
	}
	s.next++
	if s.strikeOf(s.next).name != storageFault {
		return s.next, cell{}, true
	}
	least := -1
	for _, operation := range slices.Sorted(maps.Keys(s.wanted)) {
		for _, mode := range gcs.Modes() {
			each := cell{operation, mode}
			if met := s.reached[each] + s.aimed[each]; least < 0 || met < least {
				least, aim = met, each
			}
		}
	}
	s.aimed[aim]++
	return s.next, aim, true
}

func (s *storm) strikeOf(run int) strike { return s.strikes[run%len(s.strikes)] }

// TestStorm strikes at random: a process, a program, a connection, a disk or the
// storage, at a random call of a backup or of a prune, or between two. Afterwards
// there is one good backup for the day, at once or by the next run after the fault
// is gone; nothing is cut, nothing went early, nothing stayed late.
//
//nolint:paralleltest // it takes every drill cluster; another that waits for two of them would wait for ever
func TestStorm(t *testing.T) {
	s := &storm{
		seed: harness.TestSeed().Number, runs: stormRuns, struck: map[string]int{}, phases: map[string]int{},
		wanted: map[gcs.Operation]bool{}, reached: map[cell]int{}, aimed: map[cell]int{},
	}
	if harness.Soak() {
		s.runs = soakRuns
	}
	worlds := make([]*harness.World, lanes)
	for i := range worlds {
		worlds[i] = harness.New(t, harness.Options{Processes: harness.Apart(), Wire: true, Own: true})
	}
	s.strikes = strikes(worlds[0].MainDisk != nil)
	fill(t, worlds)
	s.learn(t, worlds[0])
	var running sync.WaitGroup
	for _, world := range worlds {
		running.Go(func() { s.work(t, world) })
	}
	running.Wait()
	s.report(t)
}

// learn makes one backup and one prune in peace, to see which operations of the
// storage the workers use.
func (s *storm) learn(t *testing.T, world *harness.World) {
	t.Helper()
	if _, problems := backedUp(t.Context(), world, harness.Plan{}); len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, request := range world.Storage.Requests() {
		if request.Operation != "" && request.Operation != gcs.OpBucketInsert {
			s.wanted[request.Operation] = true
		}
	}
}

func (s *storm) work(t *testing.T, world *harness.World) {
	t.Helper()
	for t.Context().Err() == nil {
		run, aim, more := s.take()
		if !more {
			return
		}
		dice := rand.New(rand.NewPCG(s.seed, uint64(run)))
		one := &gust{storm: s, number: run, stricken: &stricken{World: world, dice: dice, cell: aim}}
		if problems := one.run(t.Context()); len(problems) > 0 {
			s.violated(run, one, problems)
			world.Report(t)
			world.Options.Open = append(world.Options.Open, "app "+world.Today())
		}
		s.count(one)
	}
}

func (s *storm) violated(run int, one *gust, problems []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, problem := range problems {
		s.violations = append(s.violations, fmt.Sprintf("run %d (%s in phase %q, storage %v): %s", run, one.strike.name, one.phase, one.cell, problem))
	}
}

func (s *storm) count(one *gust) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := one.strike.name
	if one.phase == "" {
		name += " (came too late)"
	} else {
		s.phases[one.phase]++
	}
	s.struck[name]++
	if one.again {
		s.again++
	}
	for _, each := range one.Storage.Cells() {
		s.reached[cell{each.Operation, each.Mode}] += each.Reached - one.before[cell{each.Operation, each.Mode}]
	}
}

// report prints the figures and fails t with every violation.
func (s *storm) report(t *testing.T) {
	t.Helper()
	for _, violation := range s.violations {
		t.Error(violation)
	}
	for _, table := range []struct {
		name string
		rows map[string]int
	}{{"strikes", s.struck}, {"phases", s.phases}} {
		for _, row := range slices.Sorted(maps.Keys(table.rows)) {
			t.Logf("%s: %4d %s", table.name, table.rows[row], row)
		}
	}
	cells, missed := 0, []string{}
	for operation := range s.wanted {
		for _, mode := range gcs.Modes() {
			cells++
			if s.reached[cell{operation, mode}] == 0 {
				missed = append(missed, fmt.Sprintf("%s %s", operation, mode))
			}
		}
	}
	slices.Sort(missed)
	if harness.Soak() && len(missed) > 0 {
		t.Errorf("cells that no run reached: %s", strings.Join(missed, ", "))
	}
	t.Logf("storm: runs=%d again=%d cells=%d/%d violations=%d seed=%d commit=%s",
		s.next, s.again, cells-len(missed), cells, len(s.violations), s.seed, harness.Commit())
}
