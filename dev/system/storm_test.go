package system_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/dev/harness"
)

const (
	// stormRuns are those of make test: one slice. make soak makes ten slices of sliceRuns,
	// each under the next seed, so that a storm that was cut short goes on where it was.
	stormRuns, sliceRuns = 20, 50
	// stormTimeout bounds one run, a second backup after the fault included.
	stormTimeout = 2 * time.Minute
)

// storm hands out what one slice strikes, and adds up what was met.
type storm struct {
	seed  uint64
	kinds []strike

	mu         sync.Mutex
	slate      []item         // still to do; owned by mu
	begun      int            // runs, those that met nobody included; owned by mu
	struck     map[string]int // strikes that met somebody, by name; owned by mu
	nobody     map[string]int // those that met nobody; owned by mu
	phases     map[string]int // phases in which one really struck; owned by mu
	wanted     map[cell]bool  // cells that this slice has to reach; owned by mu
	reached    map[cell]int   // owned by mu
	again      int            // days that needed a second run; owned by mu
	violations []string       // owned by mu
}

func newStorm(seed uint64, kinds []strike, items []item) *storm {
	s := &storm{
		seed: seed, kinds: kinds, slate: items, struck: map[string]int{}, nobody: map[string]int{}, phases: map[string]int{},
		wanted: map[cell]bool{}, reached: map[cell]int{},
	}
	for _, one := range items {
		if one.strike.name == storageFault {
			s.wanted[one.cell] = true
		}
	}
	return s
}

// take gives the next item that fits, and how many were begun before it; -1 for none.
func (s *storm) take(fits func(item) bool) (todo item, number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := slices.IndexFunc(s.slate, fits)
	if at < 0 || len(s.violations) >= maxViolations {
		return item{}, -1
	}
	todo = s.slate[at]
	s.slate = slices.Delete(s.slate, at, at+1)
	s.begun++
	return todo, s.begun
}

// count adds up what a run met. One that met nobody is tried again, elsewhere and earlier.
func (s *storm) count(one *gust) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := one.item.strike.name
	if one.again {
		s.again++
	}
	if one.phase == "" {
		s.nobody[name]++
		one.item.tries++
		if one.item.tries < maxTries {
			one.item.act = one.item.acts[one.item.tries%len(one.item.acts)]
			s.slate = append(s.slate, one.item)
		}
		return
	}
	s.struck[name]++
	s.phases[one.phase]++
	if name == storageFault {
		s.reached[one.item.cell]++
	}
}

func (s *storm) violated(run int, one *gust, problems []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, problem := range problems {
		s.violations = append(s.violations, fmt.Sprintf("SEED=%d TEST=TestStorm, run %d (%s %s %s of %q, in phase %q): %s",
			s.seed, run, one.item.strike.name, one.item.cell.operation, one.item.cell.mode, one.item.act, one.phase, problem))
	}
}

// asked looks for an operation that no call of the product makes, as the table of
// cells says, and that was asked for all the same.
func (s *storm) asked(world *harness.World) {
	for _, request := range world.Storage.Requests() {
		if request.Operation != "" && len(actsOf(request.Operation)) == 0 {
			s.violations = append(s.violations, fmt.Sprintf("%s was asked for, and cells_test.go says that it never is", request.Operation))
		}
	}
}

// hits is how many strikes met somebody.
func (s *storm) hits() (sum int) {
	for _, n := range s.struck {
		sum += n
	}
	return sum
}

// missing gives what the slice was to strike and never did: kinds, and cells of the
// storage. A storm that missed one has shown nothing about it.
func (s *storm) missing() (missed []string) {
	for _, kind := range s.kinds {
		if s.struck[kind.name] == 0 {
			missed = append(missed, kind.name)
		}
	}
	for one := range s.wanted {
		if s.reached[one] == 0 {
			missed = append(missed, fmt.Sprintf("%s %s", one.operation, one.mode))
		}
	}
	slices.Sort(missed)
	return missed
}

// TestStorm strikes at random: a process, a program, a connection, a disk or the
// storage, in the middle of a backup, of a prune, of a backup of the app's files, of
// what setup does. Afterwards there is one good backup for the day, at once or by the
// next run after the fault is gone; nothing is cut, nothing went early, nothing stayed
// late without an entry. Each kind of strike must have met somebody, and in the ten
// slices of a soak each cell of the storage that the product can reach.
//
//nolint:paralleltest // it takes every drill cluster; another that waits for two of them would wait for ever
func TestStorm(t *testing.T) {
	worlds := make([]*harness.World, lanes)
	for i := range worlds {
		worlds[i] = harness.New(t, harness.Options{Processes: harness.Apart(), Wire: true, Own: true, Copies: i == 0})
		if err := harness.Exec(t.Context(), worlds[i].AppURL, fullable); err != nil {
			t.Fatal(err)
		}
	}
	runs := stormRuns
	if harness.Soak() {
		runs = sliceRuns
	}
	for _, seed := range seeds(harness.Seed{Number: harness.TestSeed().Number}) {
		part := int(seed.Number % slicesOfPoints)
		t.Run(fmt.Sprintf("slice%d", part), func(t *testing.T) {
			kinds := strikes(worlds[0].MainDisk != nil)
			slice := newStorm(seed.Number, kinds, slate(rand.New(rand.NewPCG(seed.Number, 0)), part, runs, kinds, harness.Soak()))
			began := time.Now()
			var running sync.WaitGroup
			for _, world := range worlds {
				running.Go(func() { slice.work(t, world) })
			}
			running.Wait()
			for _, world := range worlds {
				slice.asked(world)
			}
			slice.report(t, time.Since(began))
		})
	}
}

// work makes runs in one world until there are none.
func (s *storm) work(t *testing.T, world *harness.World) {
	t.Helper()
	fits := func(one item) bool { return one.act != actCopy || world.Options.Copies }
	for t.Context().Err() == nil {
		if deadline, limited := t.Deadline(); limited && time.Until(deadline) < stormTimeout+lookTimeout {
			t.Error("the time was over before the runs were; give it more with -timeout, or go on with this slice's seed")
			return
		}
		todo, run := s.take(fits)
		if run < 0 {
			return
		}
		dice := rand.New(rand.NewPCG(s.seed, uint64(run)))
		one := &gust{item: todo, seed: s.seed, run: run, stricken: &stricken{World: world, dice: dice, cell: todo.cell}}
		began := time.Now()
		problems := one.strikeDay(t.Context())
		if took := time.Since(began); testing.Verbose() {
			t.Logf("run %d took %s: %s %s %s of %q, in phase %q", run, took.Round(time.Millisecond),
				todo.strike.name, todo.cell.operation, todo.cell.mode, todo.act, one.phase)
		}
		if len(problems) > 0 {
			s.violated(run, one, problems)
			world.Report(t)
			world.Options.Open = append(world.Options.Open, "app "+world.Today(), "files/"+world.Set()+" "+world.Today())
			calmed(t, world)
		}
		s.count(one)
	}
}

// calmed lets the work that a violation left behind end, so that the next run begins
// in peace.
func calmed(t *testing.T, world *harness.World) {
	t.Helper()
	world.Storage.ClearFaults()
	ctx, cancel := context.WithTimeout(t.Context(), stormTimeout)
	defer cancel()
	if err := world.Settle(ctx); err != nil {
		t.Log("after a violation: ", err)
	}
}

// report prints the figures and fails t with every violation and with all that was
// not struck.
func (s *storm) report(t *testing.T, took time.Duration) {
	t.Helper()
	for _, violation := range s.violations {
		t.Error(violation)
	}
	for _, table := range []struct {
		name string
		rows map[string]int
	}{{"struck", s.struck}, {"met nobody", s.nobody}, {"phase", s.phases}} {
		for _, row := range slices.Sorted(maps.Keys(table.rows)) {
			t.Logf("%s: %4d %s", table.name, table.rows[row], row)
		}
	}
	missed := s.missing()
	if len(missed) > 0 {
		t.Errorf("never struck: %s", strings.Join(missed, ", "))
	}
	reached := 0
	for one := range s.wanted {
		if s.reached[one] > 0 {
			reached++
		}
	}
	t.Logf("storm slice %d: runs=%d nobody=%d again=%d phases=%d kinds=%d/%d cells=%d/%d violations=%d took=%s (%s a run) seed=%d commit=%s",
		s.seed%slicesOfPoints, s.hits(), s.begun-s.hits(), s.again, len(s.phases), len(s.struck), len(s.kinds), reached, len(s.wanted),
		len(s.violations), took.Round(time.Second), (took / time.Duration(max(1, s.begun))).Round(time.Millisecond*10), s.seed, harness.Commit())
}
