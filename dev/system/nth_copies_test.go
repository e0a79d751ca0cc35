package system_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"steward/dev/harness"
	"steward/internal/catalogue"
)

// TestNthCopies is TestNthCall for copies, in worlds whose policy has a second
// location: one call fails from the end of a day's drill on, in the day's own copy, in
// the hourly one, or in a prune by which a copy goes. Whatever it was, the day is good
// at once, and the next copy and prune leave exactly the copies that belong there.
// It runs beside TestNthCall and fills what hangs leave of the processor, in fewer lanes.
func TestNthCopies(t *testing.T) {
	t.Parallel()
	worlds := inLanes(t, lanes/2, harness.Options{Copies: true})
	fill(t, worlds)
	plan := harness.Plan{
		Counts: func(call harness.Call) bool { return call.Process == "backup" },
		After:  func(call harness.Call) bool { return call.Process == "drill" && call.Name == "commit" },
	}
	operation{"copies", plan, copied, slicesOfPoints, everyPoint(), false}.loop(t, worlds)
}

// copied makes a backup of a new day with its copy, then the hourly copy and a prune,
// with one failing call, and says what is wrong when each has run once more in peace.
func copied(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	if err := errors.Join(world.Move(day), world.Settle(ctx)); err != nil {
		return nil, []string{err.Error()}
	}
	world.Gate.Arm(plan)
	result, err := world.Backup(ctx, "app")
	if err == nil {
		_, missed := world.CopyMissing(ctx)
		_, pruned := world.Prune(ctx)
		if ctx.Err() != nil {
			err = errors.Join(missed, pruned)
		}
	}
	_, hit = world.Gate.Disarm()
	if err != nil {
		return hit, []string{err.Error()}
	}
	_, missed := world.CopyMissing(ctx)
	_, pruned := world.Prune(ctx)
	if err := errors.Join(missed, pruned, world.Settle(ctx)); err != nil {
		return hit, []string{err.Error()}
	}
	if result.State != catalogue.Drilled || result.Day != world.Today() {
		problems = append(problems, fmt.Sprintf("the backup is %+v", result))
	}
	return hit, append(problems, looked(look, world)...)
}
