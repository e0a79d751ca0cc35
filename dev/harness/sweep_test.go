package harness_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"steward/dev/harness"
	"steward/internal/faults"
)

// mostFailures are those of one execution in one run.
const mostFailures = 10

// attempt makes calls as an activity does: some under one name, in order, until one fails.
func attempt(t *testing.T, gate *harness.Gate, part faults.Part, names ...string) bool {
	t.Helper()
	ctx := faults.With(faults.Within(t.Context(), part), faults.Gate{URL: gate.URL(), Process: "backup"})
	for _, name := range names {
		err := faults.Do(ctx, faults.SQL, name, func(context.Context) error { return nil })
		if errors.Is(err, faults.ErrInjected) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return true
}

// TestASweepFailsEachCallOnce runs two executions of one activity and one of another,
// each tried again until it ends, under one sweep until it meets no call that is new.
func TestASweepFailsEachCallOnce(t *testing.T) {
	t.Parallel()
	const points, most = 12 + 12 + 1, 3
	gate, sweep := harness.NewGate(t), &harness.Sweep{Mode: faults.Before}
	runs := 0
	for hit := true; hit; runs++ {
		gate.Arm(harness.Plan{Sweep: sweep})
		for i, operation := range []string{"TakeBackup", "TakeBackup", "DrillBackup"} {
			names := []string{
				"select", "insert", "select", "select", "commit", "select", "insert", "commit", "select", "update", "update", "commit",
			}
			if operation == "DrillBackup" {
				names = names[:1]
			}
			of := fmt.Sprintf("run %d/%d", runs, i)
			for try := int32(1); !attempt(t, gate, faults.Part{Operation: operation, Of: of, Try: try}, names...); try++ {
				if try > mostFailures {
					t.Fatalf("try %d of %s failed", try, of)
				}
			}
		}
		tries := map[faults.Part]int{}
		for _, call := range gate.Failed() {
			tries[call.Part]++
			if tries[call.Part] > 1 || call.Process != "backup" || call.Mode != faults.Before {
				t.Errorf("failed: %+v", call)
			}
		}
		_, failed := gate.Disarm()
		hit = failed != nil
	}
	if sweep.Points() != points || runs != most {
		t.Errorf("%d points in %d runs, want %d in %d", sweep.Points(), runs, points, most)
	}
}

// TestASweepPassesWhatIsOfNoActivity: what polls by its own clock has no tries.
func TestASweepPassesWhatIsOfNoActivity(t *testing.T) {
	t.Parallel()
	gate := harness.NewGate(t)
	gate.Arm(harness.Plan{Sweep: &harness.Sweep{Mode: faults.After}})
	if !attempt(t, gate, faults.Part{}, "select", "commit") || len(gate.Calls()) != 2 || len(gate.Failed()) != 0 {
		t.Errorf("%+v", gate.Calls())
	}
}
