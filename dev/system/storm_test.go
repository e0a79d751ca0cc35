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
	"steward/internal/catalogue"
	"steward/internal/emulator/gcs"
	"steward/internal/faults"
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
	seed uint64
	runs int

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
	least := -1
	for _, operation := range slices.Sorted(maps.Keys(s.wanted)) {
		for _, mode := range gcs.Modes() {
			each := cell{operation, mode}
			if met := s.reached[each] + s.aimed[each]; least < 0 || met < least {
				least, aim = met, each
			}
		}
	}
	return s.next, aim, true
}

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
		worlds[i] = harness.New(t, harness.Options{Processes: harness.Apart(), Wire: true})
	}
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
	if _, err := world.Backup(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if err := world.Move(pastKeep); err != nil {
		t.Fatal(err)
	}
	if _, err := world.Backup(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	if _, err := world.Prune(t.Context()); err != nil {
		t.Fatal(err)
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
		s.aimed[one.cell]++
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

// gust is one run: a day with one strike.
type gust struct {
	*storm
	*stricken

	number   int // of the run
	strike   strike
	phase    string // in which it fell; "" if its call never came
	again    bool   // the day needed a second run
	before   map[cell]int
	struckAt chan struct{}
	heal     func(context.Context) error
	failed   error // of the strike itself
}

// run makes the day and gives what is wrong afterwards.
func (g *gust) run(ctx context.Context) []string {
	ctx, cancel := context.WithTimeout(ctx, stormTimeout)
	defer cancel()
	g.before = map[cell]int{}
	for _, each := range g.Storage.Cells() {
		g.before[cell{each.Operation, each.Mode}] = each.Reached
	}
	all := strikes()
	g.strike = all[g.number%len(all)] // each in turn; where it falls is the dice's
	if err := g.Move(day); err != nil {
		return []string{err.Error()}
	}
	const oneIn = 4 // prunes are struck less often, since they do less
	prune := g.dice.IntN(oneIn) == 0
	if g.strike.name == storageFault && (g.cell.operation == gcs.OpObjectDelete || g.cell.operation == gcs.OpObjectList) {
		prune = true // a backup makes none of these
	}
	err := g.pruned(ctx, prune)
	if err == nil {
		err = g.backedUp(ctx, !prune)
	}
	if err == nil {
		err = g.failed
	}
	if err != nil {
		return []string{err.Error()}
	}
	return g.problems(ctx)
}

// aim lets the strike fall at a random call, or a moment after it.
func (g *gust) aim(calls int) {
	g.struckAt = make(chan struct{})
	wait := time.Duration(g.dice.Int64N(int64(between)))
	if g.dice.IntN(2) == 0 {
		wait = 0
	}
	lasts := time.Duration(g.dice.Int64N(int64(outageAtMost)))
	at := 1 + g.dice.IntN(calls)
	if g.strike.name == storageFault {
		// It waits for a request of its kind.
		at, lasts = 1, lasts+outageAtMost
	}
	// The sequencer polls by its own clock: its calls say nothing of how far the work is.
	counts := func(call harness.Call) bool { return call.Process != "core" }
	g.Gate.Arm(harness.Plan{N: at, Mode: faults.Pass, Counts: counts, Then: func() {
		defer close(g.struckAt)
		time.Sleep(wait) //nolint:forbidigo // the moment of the strike itself
		g.phase = phaseOf(g.Gate.Calls())
		g.heal, g.failed = g.strike.do(context.Background(), g.stricken)
		if g.heal != nil {
			time.Sleep(lasts) //nolint:forbidigo // the length of the outage itself
		}
		g.healed()
	}})
}

func (g *gust) healed() {
	if g.heal == nil {
		return
	}
	if err := g.heal(context.Background()); err != nil && g.failed == nil {
		g.failed = err
	}
	g.heal = nil
}

// calm waits for the end of a strike that has begun.
func (g *gust) calm() {
	if _, hit := g.Gate.Disarm(); hit != nil {
		<-g.struckAt
	}
}

// pruned removes what is past its time, under the strike if asked; then what the
// strike has left must go.
func (g *gust) pruned(ctx context.Context, struck bool) error {
	if struck {
		g.aim(callsOfAPrune)
		_, err := g.Prune(ctx)
		g.calm()
		if ctx.Err() != nil {
			return err
		}
	}
	if _, err := g.Prune(ctx); err != nil {
		return err
	}
	return g.Settle(ctx)
}

// backedUp makes the day's backup, under the strike if asked. A run that gave up
// must have left a clear state, and the next one ends well.
func (g *gust) backedUp(ctx context.Context, struck bool) error {
	if struck {
		g.aim(callsOfADay)
	}
	result, err := g.Backup(ctx, "app")
	g.calm()
	if err != nil && ctx.Err() == nil {
		g.again = true
		states, stateErr := harness.Rows(ctx, g.StewardURL, `select state from backups where day = $1::text::date`, g.Today())
		if stateErr != nil || slices.Contains(states, string(catalogue.Drilled)) {
			return fmt.Errorf("a run that failed left %v (%w)", states, stateErr)
		}
		result, err = g.Backup(ctx, "app")
	}
	if err == nil && (result.State != catalogue.Drilled || result.Day != g.Today()) {
		err = fmt.Errorf("the backup is %+v", result)
	}
	if err == nil {
		err = g.Settle(ctx)
	}
	return err
}

// early and late are backups that broke the promise of their time: the floor, and
// the ceiling with its tolerance.
const (
	early = `select id from backups where state = 'pruned' and snapshot_at is not null and pruned_at < snapshot_at + interval '7 days'`
	late  = `select id from backups where state <> 'pruned' and coalesce(snapshot_at, opened_at) < $1::text::timestamptz - interval '7 days 2 hours'`
)

func (g *gust) problems(ctx context.Context) []string {
	var problems []string
	found, err := g.Look(ctx)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, one := range found {
		problems = append(problems, one.String())
	}
	for what, ask := range map[string]struct {
		sql  string
		args []any
	}{"went early": {early, nil}, "stayed late": {late, []any{g.Now().UTC().Format(time.RFC3339)}}} {
		rows, err := harness.Rows(ctx, g.StewardURL, ask.sql, ask.args...)
		if err != nil || len(rows) > 0 {
			problems = append(problems, fmt.Sprintf("%s: %v, %v", what, rows, err))
		}
	}
	return problems
}

// phaseOf says in which part of the work the newest call is.
func phaseOf(calls []harness.Call) string {
	phase := "opening"
	for _, call := range calls {
		switch {
		case call.Process == "core":
			continue // the sequencer goes by its own clock
		case call.Name == "start pg_dump":
			phase = "dump"
		case call.Name == "end pg_dump":
			phase = "behind the dump"
		case call.Name == "start pg_dumpall":
			phase = "globals"
		case call.Name == "end pg_dumpall":
			phase = "manifest"
		case call.Process == "drill" && call.Name == "start pg_restore":
			phase = "restore"
		case call.Process == "drill" && call.Name == "end pg_restore":
			phase = "comparison"
		case call.Process == "drill" && (phase == "manifest" || phase == "opening"):
			phase = "fetch"
		case call.Name == "DELETE" || call.Name == "LIST":
			phase = "prune"
		}
	}
	return phase
}
