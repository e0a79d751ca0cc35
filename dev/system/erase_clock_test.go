package system_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/converter"

	"steward/activities"
	"steward/dev/harness"
)

// busyKey is the advisory lock that says that the app's database has no time.
const busyKey = "4711"

// braked lets erasures be held back while somebody has that lock.
func braked(text []byte) []byte {
	const promise, brake = "  erasure:\n", "    brake: {load_query: \"select count(*) from pg_locks where locktype = 'advisory' and objid = " + busyKey + "\"}\n"
	return []byte(strings.Replace(string(text), promise, promise+brake, 1))
}

// TestErasuresGoOnByThemselves lets come to its end, in processes as they are in production, what nobody asks for: a hold whose time
// is over, a database that has no time, and what a crash left in the bucket of replay records.
func TestErasuresGoOnByThemselves(t *testing.T) {
	t.Parallel()
	options := erasing()
	options.Policy = braked
	world := harness.New(t, options)
	began := time.Now()
	id := holdRunsOut(t, world)
	t.Logf("a hold ran out: %s", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	heldBack(t, world)
	t.Logf("held back by the brake: %s", time.Since(began).Round(time.Millisecond))
	began = time.Now()
	swept(t, world, id)
	t.Logf("a stray replay record: %s", time.Since(began).Round(time.Millisecond))
}

// holdRunsOut has a hold stop a case until its time is over. A lead is then asked to look at the hold; the case is planned anew, and
// goes on when that plan is approved.
func holdRunsOut(t *testing.T, world *harness.World) (id string) {
	t.Helper()
	account := added(t, world)
	id = asked(t, world, account)
	var hold struct{ ID string }
	if err := world.Ask(t.Context(), world.Callers.Lead, http.MethodPost, "/v1/holds", map[string]any{
		"account": account.ID, "basis": "docket 4711", "until": world.Now().Add(day).UTC().Format(time.RFC3339),
	}, &hold); err != nil {
		t.Fatal(err)
	}
	await(t, world, id, "held")
	if err := world.Move(day - time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := world.Nudge(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the news is heard", func() bool {
		left, err := harness.Rows(t.Context(), world.StewardURL, `select id from erasures where id = $1 and news`, id)
		return err == nil && len(left) == 0
	})
	if stage, err := world.Stage(t.Context(), id); err != nil || stage != "held" {
		t.Errorf("an hour before the end of its hold it is %s, %v", stage, err)
	}
	if err := world.Move(2 * time.Hour); err != nil {
		t.Fatal(err)
	}
	await(t, world, id, "awaiting_approval")
	told, err := harness.Rows(t.Context(), world.StewardURL, `select kind || ' ' || role from tasks where subject = $1`, hold.ID)
	if err != nil || !slices.Equal(told, []string{"hold.ended lead"}) {
		t.Errorf("of the end of the hold are told %v, %v", told, err)
	}
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	finish(t, world, id)
	return id
}

// heldBack has the brake hold an erasure after its tombstone. Nothing is deleted while the database has no time, the heartbeat says
// so, and the erasure goes on when it has.
func heldBack(t *testing.T, world *harness.World) {
	t.Helper()
	account := added(t, world)
	id := asked(t, world, account)
	before, _, _ := strings.Cut(rowsOf(t, world, account), " ")
	busy, err := pgx.Connect(t.Context(), world.AppURL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close(context.WithoutCancel(t.Context())) }()
	if _, err := busy.Exec(t.Context(), "select pg_advisory_lock("+busyKey+")"); err != nil {
		t.Fatal(err)
	}
	if err := world.Approve(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	run, err := world.ErasureRun(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "a heartbeat that says that the erasure is held", func() bool {
		return heldFor(t, world, run) > 0
	})
	if after, _, _ := strings.Cut(rowsOf(t, world, account), " "); after != before {
		t.Errorf("of %s rows %s are left while the database has no time", before, after)
	}
	await(t, world, id, "executing")
	if err := busy.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	finish(t, world, id)
}

// heldFor is for how many seconds a run says that the brake has held it.
func heldFor(t *testing.T, world *harness.World, run string) int64 {
	t.Helper()
	found, err := world.Temporal.DescribeWorkflowExecution(t.Context(), run, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, pending := range found.GetPendingActivities() {
		var now activities.Progress
		if err := converter.GetDefaultDataConverter().FromPayloads(pending.GetHeartbeatDetails(), &now); err == nil && now.HeldSeconds > 0 {
			return now.HeldSeconds
		}
	}
	return 0
}

// swept leaves in the bucket of replay records what a crash may: an object of an erasure that has ended, and one of which nobody knows
// an erasure. A worker that starts removes the first, and says of the second that it is there.
func swept(t *testing.T, world *harness.World, ended string) {
	t.Helper()
	bucket := world.Bucket.Bucket(world.Rules.Storage.Replay)
	stray, unknown := "erasures/"+ended+"/replay", "erasures/era_"+strings.Repeat("a", 26)+"/replay"
	for _, name := range []string{stray, unknown} {
		writer := bucket.Object(name).NewWriter(t.Context())
		if _, err := writer.Write([]byte("sealed")); err != nil {
			t.Fatal(err)
		}
		if err := writer.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := world.Move(3 * day); err != nil {
		t.Fatal(err)
	}
	if err := world.Workers["erase"].Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the stray is gone", func() bool {
		_, err := bucket.Object(stray).Attrs(t.Context())
		return errors.Is(err, storage.ErrObjectNotExist)
	})
	eventually(t, "the log names what nobody knows", func() bool {
		said, err := world.Workers["erase"].Log()
		return err == nil && strings.Contains(string(said), "replay_unknown")
	})
	if _, err := bucket.Object(unknown).Attrs(t.Context()); err != nil {
		t.Error("what nobody knows is gone: ", err)
	}
	if err := bucket.Object(unknown).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
}
