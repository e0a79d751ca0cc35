package system_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/catalogue"
)

const (
	// lanes is how many worlds work on a loop at once: hangs leave the processor
	// to the others.
	lanes = harness.Lanes
	// runTimeout bounds one run: a hang of the backup costs 18 s, one of the sequencer a minute, ten tries of a drill a
	// minute too where eight others work.
	runTimeout = 4 * time.Minute
	// lookTimeout bounds the look through the world behind it, which reads more with
	// each day and has the busy machine to itself no more than the run.
	lookTimeout = 2 * time.Minute
	// longRun is worth a line.
	longRun = 30 * time.Second
	// progressEvery is how many points lie between two lines for whoever watches.
	progressEvery = 25
	day           = 24 * time.Hour
)

// TestNthCall lets the first outside call of a whole backup fail, then the second,
// and so on, until a backup ends untouched; in each of four modes. After each run
// there is one good backup for the day, and the whole world is in order. Then the
// same for a prune, after which nothing is left that is past its time, and for a day
// of the app's files with its prune.
//
// In make test the modes that do not wait take every point in sweeps, a few in one
// run, and the modes that wait a tenth of the points, each in a run of its own.
//
// The ledger's sequencer polls by its own clock beside the backup, so its calls
// are counted in a loop of their own, which ends when the ledger was sealed before the
// Nth call came: in a soak they start behind the commit of a drill, else with an entry
// of the test's own.
//
//nolint:tparallel // one loop after the other has the lanes
func TestNthCall(t *testing.T) {
	t.Parallel()
	worlds := inLanes(t, lanes, harness.Options{})
	for _, each := range operations() {
		t.Run(each.name, func(t *testing.T) {
			switch each.name {
			case "prune":
				fill(t, worlds)
			case "files":
				fillFiles(t, worlds)
			}
			each.loop(t, worlds)
		})
	}
}

// operation is what a loop lets fail, call after call.
type operation struct {
	name string
	plan harness.Plan
	once func(context.Context, *harness.World, harness.Plan) (*harness.Call, []string)
	// step is the distance of two points that have runs of their own.
	step int
	// sweeps says that the modes which do not wait take every so manyth point in sweeps; 0 gives each a run of its own.
	sweeps int
	// oneMode takes one mode alone, picked by the seed.
	oneMode bool
}

// everyPoint is what sweeps take in make test; in a soak there are none.
func everyPoint() int {
	if harness.Soak() {
		return 0
	}
	return 1
}

// operations are those of this test process.
func operations() []operation {
	counted, sweeps := harness.Plan{Counts: notTheSequencers}, everyPoint()
	return []operation{
		{"backup", counted, backedUp, slicesOfPoints, sweeps, false},
		{"prune", counted, pruned, slicesOfPoints, sweeps, false},
		sealing(),
		{"files", counted, filesBackedUp, slicesOfPoints, sweeps, false},
	}
}

// inLanes gives a world for each of n lanes, with one process for each role.
func inLanes(t *testing.T, n int, options harness.Options) []*harness.World {
	t.Helper()
	options.Processes = harness.Apart()
	worlds := make([]*harness.World, n)
	for i := range worlds {
		worlds[i] = harness.New(t, options)
	}
	return worlds
}

// loop lets each call of the operation fail, for each seed of this test process.
func (o operation) loop(t *testing.T, worlds []*harness.World) {
	t.Helper()
	busy := max(1, len(worlds)/3) // lanes that begin with what does not wait
	for _, seed := range seeds(harness.TestSeed()) {
		loop := newLoop(o.name, t.Name(), seed, o.step, o.sweeps)
		if o.oneMode && seed.N == 0 {
			loop.keepOne()
		}
		var running sync.WaitGroup
		for i, world := range worlds {
			running.Go(func() { o.work(t, loop, world, i >= busy) })
		}
		running.Wait()
		loop.report(t)
	}
}

// work does jobs in one world until there are none.
func (o operation) work(t *testing.T, loop *loop, world *harness.World, patient bool) {
	t.Helper()
	plan := o.plan
	for t.Context().Err() == nil {
		if deadline, limited := t.Deadline(); limited && time.Until(deadline) < runTimeout+lookTimeout {
			loop.cutShort()

			return
		}
		todo, more := loop.take(patient)
		if !more {
			return
		}
		plan.N, plan.Mode, plan.Sweep = todo.n, todo.mode, todo.sweep
		began := time.Now()
		hit, problems := o.once(t.Context(), world, plan)
		took := time.Since(began)
		if took > longRun {
			t.Logf("%s: the call %+v took %s", todo.mode, hit, took.Round(time.Second))
		}
		if len(problems) == 0 {
			loop.done(todo, hit != nil)
			if testing.Verbose() && (todo.sweep != nil || (todo.n+1)%progressEvery == 0) {
				t.Logf("%s %d took %s, %d calls failed", todo.mode, todo.n, took.Round(time.Millisecond), len(world.Gate.Failed()))
			}
			continue
		}
		loop.violated(todo, world.Gate.Failed(), problems)
		world.Report(t)
		world.Options.Open = append(world.Options.Open, "app "+world.Today(), "files/uploads "+world.Today())
	}
}

// notTheSequencers are the calls of everybody but the ledger's sequencer, which
// goes by its own clock.
func notTheSequencers(call harness.Call) bool { return call.Process != "core" }

// fill lets each world have backups of so many days that one is past its time on
// each that follows.
func fill(t *testing.T, worlds []*harness.World) {
	t.Helper()
	var running sync.WaitGroup
	for _, world := range worlds {
		running.Go(func() {
			kept, err := harness.Rows(t.Context(), world.StewardURL, `select id from backups where state <> 'pruned'`)
			if err != nil {
				t.Error(err)
			}
			for range 8 - len(kept) {
				if _, problems := backedUp(t.Context(), world, harness.Plan{}); len(problems) > 0 {
					t.Error(problems)
				}
			}
		})
	}
	running.Wait()
}

// pruned makes the prune of a new day with one failing call. Whatever became of
// it, the next one leaves nothing that is past its time, and has taken nothing
// that is not.
func pruned(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	if err := world.Move(day); err != nil {
		return nil, []string{err.Error()}
	}
	if err := world.Settle(ctx); err != nil {
		return nil, []string{err.Error()}
	}
	world.Gate.Arm(plan)
	_, failed := world.Prune(ctx)
	_, hit = world.Gate.Disarm()
	if failed != nil && ctx.Err() != nil {
		return hit, []string{failed.Error()}
	}
	if _, err := world.Prune(ctx); err != nil {
		return hit, []string{err.Error()}
	}
	if _, err := world.Backup(ctx, "app"); err != nil {
		return hit, []string{err.Error()}
	}
	if err := world.Settle(ctx); err != nil {
		return hit, []string{err.Error()}
	}
	return hit, looked(look, world)
}

// looked is everything that CheckWorld finds.
func looked(ctx context.Context, world *harness.World) (problems []string) {
	found, err := world.Look(ctx)
	if err != nil {
		problems = append(problems, err.Error())
	}
	for _, one := range found {
		problems = append(problems, one.String())
	}
	return problems
}

// night removes what is past its time, in peace.
func night(ctx context.Context, world *harness.World) error {
	if _, err := world.Prune(ctx); err != nil {
		return err
	}
	return world.Settle(ctx)
}

// backedUp makes one backup of a new day with one failing call, and says what is wrong
// afterwards. Before it, what is past its time goes, as in any other night.
func backedUp(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	if err := world.Move(day); err != nil {
		return nil, []string{err.Error()}
	}
	if err := night(ctx, world); err != nil {
		return nil, []string{err.Error()}
	}
	world.Gate.Arm(plan)
	result, err := world.Backup(ctx, "app")
	if err == nil {
		err = world.Settle(ctx)
	}
	_, hit = world.Gate.Disarm()
	if err != nil {
		return hit, []string{err.Error()}
	}
	if result.State != catalogue.Drilled || result.Day != world.Today() {
		problems = append(problems, fmt.Sprintf("the backup is %+v", result))
	}
	return hit, append(problems, looked(look, world)...)
}
