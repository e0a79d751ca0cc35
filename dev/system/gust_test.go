package system_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	"steward/dev/harness"
	"steward/internal/catalogue"
	"steward/internal/emulator/gcs"
	"steward/internal/faults"
)

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
	g.strike = g.strikeOf(g.number)
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
	return append(outOfTime(ctx, g.World), looked(ctx, g.World)...)
}

// aim lets the strike fall at a random call, or a moment after it.
func (g *gust) aim(ctx context.Context, calls int) {
	g.struckAt = make(chan struct{})
	wait := time.Duration(g.dice.Int64N(int64(between)))
	if g.dice.IntN(2) == 0 {
		wait = 0
	}
	ctx = context.WithoutCancel(ctx) // what was struck is healed in any case
	lasts := time.Duration(g.dice.Int64N(int64(outageAtMost)))
	at := 1 + g.dice.IntN(calls)
	if g.strike.name == storageFault {
		// It waits for a request of its kind, the first of which comes at once.
		at, lasts, wait = 1, lasts+outageAtMost, 0
	}
	// The sequencer polls by its own clock: its calls say nothing of how far the work is.
	counts := func(call harness.Call) bool { return call.Process != "core" }
	g.Gate.Arm(harness.Plan{N: at, Mode: faults.Pass, Counts: counts, Then: func() {
		defer close(g.struckAt)
		time.Sleep(wait) //nolint:forbidigo // the moment of the strike itself
		g.phase = phaseOf(g.Gate.Calls())
		g.heal, g.failed = g.strike.do(ctx, g.stricken)
		if g.heal != nil {
			time.Sleep(lasts) //nolint:forbidigo // the length of the outage itself
		}
		g.healed(ctx)
	}})
}

func (g *gust) healed(ctx context.Context) {
	if g.heal == nil {
		return
	}
	if err := g.heal(ctx); err != nil && g.failed == nil {
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
		g.aim(ctx, callsOfAPrune)
		_, err := g.Prune(ctx)
		g.calm()
		if ctx.Err() != nil {
			return err
		}
	}
	return night(ctx, g.World)
}

// backedUp makes the day's backup, under the strike if asked. A run that gave up
// must have left a clear state, and the next one ends well.
func (g *gust) backedUp(ctx context.Context, struck bool) error {
	if struck {
		g.aim(ctx, callsOfADay)
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
// the ceiling with its tolerance. An exception that the ledger has recorded is no
// breach.
const (
	early = `select id from backups where state = 'pruned' and snapshot_at is not null and pruned_at < snapshot_at + interval '7 days'`
	late  = `select id from backups where state <> 'pruned' and coalesce(snapshot_at, opened_at) < $1::text::timestamptz - interval '7 days 2 hours'
		and not exists (select from backup_exceptions as e join ledger.entries as l on l.kind = 'backup.excepted' and l.body::jsonb ->> 'backup' = e.backup_id
			where e.backup_id = backups.id and e.ended_at is null)`
)

// outOfTime gives what went too early or stayed too late.
func outOfTime(ctx context.Context, world *harness.World) (problems []string) {
	for what, ask := range map[string]struct {
		sql  string
		args []any
	}{"went early": {early, nil}, "stayed late": {late, []any{world.Now().UTC().Format(time.RFC3339)}}} {
		rows, err := harness.Rows(ctx, world.StewardURL, ask.sql, ask.args...)
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
