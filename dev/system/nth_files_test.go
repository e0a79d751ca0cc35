package system_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"cloud.google.com/go/storage"

	"steward/dev/harness"
	"steward/internal/catalogue"
)

// keptDays is how many days of files are kept, the one that goes next among them.
const keptDays = 8

// fillFiles lets each world have files of so many days that one day, and what only it
// names, is past its time on each that follows.
func fillFiles(t *testing.T, worlds []*harness.World) {
	t.Helper()
	var running sync.WaitGroup
	for _, world := range worlds {
		running.Go(func() {
			for range keptDays {
				if _, problems := filesBackedUp(t.Context(), world, harness.Plan{}); len(problems) > 0 {
					t.Error(problems)
				}
			}
		})
	}
	running.Wait()
}

// usedFiles is what the app does to its files in a day: it replaces one, stores one and
// deletes that of the day before.
func usedFiles(ctx context.Context, world *harness.World) error {
	before := "days/" + world.Today()
	if err := world.Move(day); err != nil {
		return err
	}
	err := errors.Join(
		world.PutFile(ctx, "accounts/1/logo.png", "the logo of "+world.Today()),
		world.PutFile(ctx, "days/"+world.Today(), "stored on "+world.Today()),
	)
	if gone := world.DropFile(ctx, before); !errors.Is(gone, storage.ErrObjectNotExist) {
		err = errors.Join(err, gone)
	}
	return err
}

// filesBackedUp makes one backup of the files of a new day and then prunes, with one
// failing call in the one or the other, and says what is wrong afterwards. A prune that
// failed is followed by one that leaves nothing past its time. The databases' backups
// go when their time is over, as in any other night.
func filesBackedUp(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	if err := usedFiles(ctx, world); err != nil {
		return nil, []string{err.Error()}
	}
	if err := night(ctx, world); err != nil {
		return nil, []string{err.Error()}
	}
	world.Gate.Arm(plan)
	result, err := world.BackupFiles(ctx)
	var pruned error
	if err == nil {
		_, pruned = world.PruneFiles(ctx)
	}
	_, hit = world.Gate.Disarm()
	if err != nil || pruned != nil && ctx.Err() != nil {
		return hit, []string{fmt.Sprint(err, pruned)}
	}
	if pruned != nil {
		_, err = world.PruneFiles(ctx)
	}
	if err = errors.Join(err, world.Settle(ctx)); err != nil {
		return hit, []string{err.Error()}
	}
	if result.State != catalogue.Drilled || result.Day != world.Today() {
		problems = append(problems, fmt.Sprintf("the backup is %+v", result))
	}
	return hit, append(problems, looked(look, world)...)
}
