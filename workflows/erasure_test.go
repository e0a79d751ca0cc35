package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/workflows"
)

// story is a case that answers each step with the next stage, as the database would.
type story struct {
	t  *testing.T
	mu sync.Mutex
	// now is how the case stands; owned by mu.
	now erasure.Seen
	// then tells what a step leads to, by its name and the stage: the same where it has no entry; owned by mu.
	then map[string]erasure.Seen
	// fails are steps that fail, and did are those that were taken; owned by mu.
	fails map[string]failure.Code
	did   []string
}

func (s *story) step(name, queue string) func(context.Context, string) (erasure.Seen, error) {
	return func(ctx context.Context, id string) (erasure.Seen, error) {
		onQueue(ctx, s.t, queue)

		if id != "era_x" {
			s.t.Errorf("about %q", id)
		}

		s.mu.Lock()
		defer s.mu.Unlock()

		if name != "LookAtErasure" {
			s.did = append(s.did, name)
		}

		if code, fails := s.fails[name]; fails {
			return erasure.Seen{}, boundary.Outside(failure.New(code, "trying"))
		}

		key := name + " " + string(s.now.Stage)
		if s.now.BackTo != "" {
			key += " back"
		}

		if next, leads := s.then[key]; leads {
			s.now = next
			delete(s.then, key)
		}

		return s.now, nil
	}
}

// park stops the story.
func (s *story) park(_ context.Context, stop activities.ErasureStop) (erasure.Seen, error) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.did = append(s.did, "ParkErasure "+string(stop.Code))

	if s.now.BackTo != "" {
		return s.now, nil // the way back goes on
	}

	s.now = erasure.Seen{Stage: erasure.Blocked, Code: stop.Code}

	return s.now, nil
}

// tell runs the workflow over the story; signals say when somebody acts, and what that changes.
func (s *story) tell(signals map[time.Duration]func(*story)) (erasure.Seen, error) {
	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)

	for _, name := range []string{
		"LookAtErasure", "DecideErasure", "CommitTombstone", "AwaitTombstoneSeal", "AnswerErasure", "FinishErasure",
	} {
		env.RegisterActivityWithOptions(s.step(name, workflows.CoreQueue), activity.RegisterOptions{Name: name})
	}

	for _, name := range []string{"PlanErasure", "CloseSubject", "ReopenSubject", "ExecuteErasure", "VerifyErasure", "ForgetErasure"} {
		env.RegisterActivityWithOptions(s.step(name, workflows.EraseQueue), activity.RegisterOptions{Name: name})
	}

	env.RegisterActivityWithOptions(s.park, activity.RegisterOptions{Name: "ParkErasure"})

	for in, act := range signals {
		env.RegisterDelayedCallback(func() {
			s.mu.Lock()
			act(s)
			s.mu.Unlock()
			env.SignalWorkflow(workflows.ErasureNews, nil)
		}, in)
	}

	env.ExecuteWorkflow(workflows.Promises{}.Erasure, workflows.ErasureParams{Erasure: "era_x"})

	var seen erasure.Seen

	err := env.GetWorkflowError()
	if err == nil {
		err = env.GetWorkflowResult(&seen)
	}

	return seen, err
}

func stand(stage erasure.Stage) erasure.Seen { return erasure.Seen{Stage: stage} }

// to lets the next decision at a stage lead on.
func to(from, stage erasure.Stage) func(*story) {
	return func(s *story) { s.then["DecideErasure "+string(from)] = stand(stage) }
}

// onward is what each step leads to in an erasure that goes well, from its approval on.
func onward(gone time.Time) map[string]erasure.Seen {
	return map[string]erasure.Seen{
		"CommitTombstone closing":       stand(erasure.Tombstoned),
		"AwaitTombstoneSeal tombstoned": stand(erasure.Executing),
		"ExecuteErasure executing":      stand(erasure.Verifying),
		"VerifyErasure verifying":       {Stage: erasure.Answered, GoneBy: gone},
		"AnswerErasure answered":        {Stage: erasure.Waiting, GoneBy: gone},
		"FinishErasure waiting":         stand(erasure.Done),
	}
}

// The whole way: planned, approved after days of silence, erased, and gone after its time.
func TestErasureTakesEachStepOnce(t *testing.T) {
	t.Parallel()

	s := &story{t: t, now: stand(erasure.Requested), then: onward(time.Now().AddDate(0, 0, 40))}
	s.then["PlanErasure requested"] = stand(erasure.Planned)
	s.then["DecideErasure planned"] = stand(erasure.AwaitingApproval)

	seen, err := s.tell(map[time.Duration]func(*story){50 * time.Hour: to(erasure.AwaitingApproval, erasure.Closing)})
	if err != nil || seen.Stage != erasure.Done {
		t.Fatalf("%+v, %v", seen, err)
	}

	want := []string{
		"DecideErasure", "PlanErasure", "DecideErasure",
		"DecideErasure", "DecideErasure", "DecideErasure", "DecideErasure", // at once, after one day, after two, and when there is news
		"CloseSubject", "CommitTombstone", "AwaitTombstoneSeal", "ExecuteErasure", "VerifyErasure", "AnswerErasure",
		"DecideErasure", "DecideErasure", "VerifyErasure", "DecideErasure", "ForgetErasure", "FinishErasure",
	}
	if !slices.Equal(s.did, want) {
		t.Errorf("%q", s.did)
	}
}

// A closing that must not go on is taken back, and ends as it was asked to.
func TestErasureTakesAClosingBack(t *testing.T) {
	t.Parallel()

	s := &story{t: t, now: stand(erasure.Closing), then: map[string]erasure.Seen{
		"CommitTombstone closing":    {Stage: erasure.Closing, BackTo: erasure.Cancelled},
		"DecideErasure closing back": stand(erasure.Cancelled),
	}}

	seen, err := s.tell(nil)
	if want := []string{"CloseSubject", "CommitTombstone", "ReopenSubject", "DecideErasure", "ForgetErasure"}; err != nil || seen.Stage != erasure.Cancelled ||
		!slices.Equal(s.did, want) {
		t.Errorf("%+v, %v, %q", seen, err, s.did)
	}
}

// A closing that cannot be taken back is shown to a person, and tried again each hour and when there is news.
func TestErasureThatCannotReopen(t *testing.T) {
	t.Parallel()

	s := &story{
		t: t, now: erasure.Seen{Stage: erasure.Closing, BackTo: erasure.Cancelled}, then: map[string]erasure.Seen{},
		fails: map[string]failure.Code{"ReopenSubject": failure.StoreRefuses},
	}

	seen, err := s.tell(map[time.Duration]func(*story){
		90 * time.Minute: func(s *story) {
			delete(s.fails, "ReopenSubject")
			s.then["DecideErasure closing back"] = stand(erasure.Cancelled)
		},
	})

	park := "ParkErasure " + string(failure.StoreRefuses)
	if want := []string{
		"ReopenSubject", park, "ReopenSubject", park, "ReopenSubject", "DecideErasure", "ForgetErasure",
	}; err != nil || seen.Stage != erasure.Cancelled || !slices.Equal(s.did, want) {
		t.Errorf("%+v, %v, %q", seen, err, s.did)
	}
}

// A step that cannot go on stops the case with its code, and the run waits for a person;
// what was tombstoned goes on from there.
func TestErasureStopsAndGoesOn(t *testing.T) {
	t.Parallel()

	s := &story{
		t: t, now: stand(erasure.Executing), then: onward(time.Time{}), fails: map[string]failure.Code{"ExecuteErasure": failure.NoConnector},
	}
	delete(s.then, "FinishErasure waiting")

	seen, err := s.tell(map[time.Duration]func(*story){
		time.Hour: func(s *story) {
			delete(s.fails, "ExecuteErasure")
			to(erasure.Blocked, erasure.Tombstoned)(s)
		},
		// A store that nobody could ask: each day is one more look, until it ends well.
		100 * time.Hour: func(s *story) { s.then["FinishErasure waiting"] = stand(erasure.Done) },
	})
	if err != nil || seen.Stage != erasure.Done || !slices.Contains(s.did, "ParkErasure no_connector") {
		t.Errorf("%+v, %v, %q", seen, err, s.did)
	}
}

// A run of a case that is not there, or not its own, fails at once and touches nothing.
func TestErasureOfNothingFails(t *testing.T) {
	t.Parallel()

	s := &story{t: t, fails: map[string]failure.Code{"LookAtErasure": failure.EvidenceMissing}}

	if _, err := s.tell(nil); boundary.CodeOf(err) != failure.EvidenceMissing || len(s.did) > 0 {
		t.Errorf("%v, %q", err, s.did)
	}
}

// A case that waits for years does so in runs of bounded length.
func TestErasureGoesOnInANewRun(t *testing.T) {
	t.Parallel()

	s := &story{t: t, now: stand(erasure.AwaitingApproval)}

	_, err := s.tell(nil)

	if again, is := errors.AsType[*workflow.ContinueAsNewError](err); !is || again.WorkflowType.Name != workflows.ErasureName {
		t.Errorf("%v", err)
	}
}
