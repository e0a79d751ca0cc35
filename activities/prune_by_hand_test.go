package activities_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/interceptor"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/catalogue"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/operator"
	"steward/internal/removal"
)

// asked is an act on the plan of now, with its intent written unless it is early.
func (w *pruneWorld) asked(t *testing.T, intended bool) string {
	t.Helper()

	plan, err := removal.Look(t.Context(), w.Steward, w.Bucket, w.do.Rule, w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}

	act, err := operator.Ask(t.Context(), w.Steward, operator.PruneBackups, plan.Hash(), w.clock.Now())
	if err != nil {
		t.Fatal(err)
	}

	if intended {
		if code := w.begin(t, ids.PruneByHand(act), act); code != "" {
			t.Fatal(code)
		}
	}

	return act
}

func (w *pruneWorld) acts() *activities.Acts {
	return &activities.Acts{Steward: w.Steward, Clock: w.clock}
}

// ofWorkflow lets an activity see that it is one of a workflow of this id.
type ofWorkflow struct {
	interceptor.WorkerInterceptorBase

	id string
}

func (w *ofWorkflow) InterceptActivity(
	_ context.Context, next interceptor.ActivityInboundInterceptor,
) interceptor.ActivityInboundInterceptor {
	return &ofWorkflowInbound{interceptor.ActivityInboundInterceptorBase{Next: next}, w.id}
}

type ofWorkflowInbound struct {
	interceptor.ActivityInboundInterceptorBase

	id string
}

func (w *ofWorkflowInbound) Init(outbound interceptor.ActivityOutboundInterceptor) error {
	return w.Next.Init(&ofWorkflowOutbound{interceptor.ActivityOutboundInterceptorBase{Next: outbound}, w.id})
}

type ofWorkflowOutbound struct {
	interceptor.ActivityOutboundInterceptorBase

	id string
}

func (w *ofWorkflowOutbound) GetInfo(ctx context.Context) activity.Info {
	info := w.Next.GetInfo(ctx)
	info.WorkflowExecution.ID = w.id

	return info
}

func codeOf(err error) failure.Code {
	if err == nil {
		return ""
	}

	return boundary.CodeOf(err)
}

// byHand executes in the act's own workflow, begin and end in any.
func (w *pruneWorld) byHand(t *testing.T, act string) (activities.PruneResult, failure.Code) {
	t.Helper()

	result, err := behind[activities.PruneResult](t, &ofWorkflow{id: ids.PruneByHand(act)}, w.do.ExecutePrune, act)

	return result, codeOf(err)
}

func (w *pruneWorld) begin(t *testing.T, workflow, act string) failure.Code {
	t.Helper()

	// The activity gives nothing: an empty struct takes it.
	_, err := behind[struct{}](t, &ofWorkflow{id: workflow}, func(ctx context.Context, act string) (struct{}, error) {
		return struct{}{}, w.acts().BeginAct(ctx, act)
	}, act)

	return codeOf(err)
}

func (w *pruneWorld) end(t *testing.T, workflow, act string) (string, failure.Code) {
	t.Helper()

	outcome, err := behind[string](t, &ofWorkflow{id: workflow}, w.acts().EndAct, activities.ActEnd{Act: act})

	return outcome, codeOf(err)
}

// A prune by hand does what its operator saw, with intent and outcome beside it
// under an opaque id.
func TestPruneByHand(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	gone, stays := w.taken(t, "app", noon()), w.drilled(t, "app", noon().Add(day))
	w.clock.move(7 * day)

	act := w.asked(t, true)
	if result, code := w.byHand(t, act); code != "" || result != (activities.PruneResult{Kept: 1, Removed: 1}) {
		t.Errorf("%+v, %s", result, code)
	}

	w.check(t, true, gone)
	w.check(t, false, stays)

	for range 2 {
		if outcome, code := w.end(t, ids.PruneByHand(act), act); code != "" || outcome != operator.Done {
			t.Fatal(outcome, code)
		}
	}

	if evidence := w.Ledger(t, act); evidence["act.intended"] != 1 || evidence["act.done"] != 1 {
		t.Errorf("evidence %v", evidence)
	}

	var body string
	if err := w.Steward.QueryRow(t.Context(), `select body from ledger.entries where kind = 'act.done'`).Scan(&body); err != nil {
		t.Fatal(err)
	}

	if !strings.Contains(body, `"actor":"opr_`) || !strings.Contains(body, `"outcome":"done"`) || !strings.Contains(body, `"verb":"backup.prune"`) {
		t.Error(body)
	}

	if _, code := w.byHand(t, act); code != failure.EvidenceMissing {
		t.Errorf("an act that is over: %s", code)
	}
}

// What the operator saw only stops: another plan, another hour, no intent, nobody.
func TestPruneByHandIsRefused(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	first, second := w.taken(t, "app", noon()), w.taken(t, "app", noon().Add(day))
	w.clock.move(7 * day)

	early, changed, old := w.asked(t, false), w.asked(t, true), w.asked(t, false)

	if _, code := w.byHand(t, early); code != failure.EvidenceMissing {
		t.Errorf("without an intent: %s", code)
	}

	if _, code := w.byHand(t, ids.New("act")); code != failure.EvidenceMissing {
		t.Errorf("an act of nobody: %s", code)
	}

	w.clock.move(day)

	if _, code := w.byHand(t, changed); code != failure.PlanChanged {
		t.Errorf("one more backup is due than was shown: %s", code)
	}

	for _, act := range []string{old, ids.New("act")} {
		if code := w.begin(t, ids.PruneByHand(act), act); code != failure.EvidenceMissing {
			t.Errorf("the intent of yesterday, or of nobody: %s", code)
		}
	}

	w.do.Enforce = false

	if _, code := w.byHand(t, w.asked(t, true)); code != failure.ObservedOnly {
		t.Errorf("observed: %s", code)
	}

	w.check(t, false, first, second)
}

// What a workflow says does not become the outcome: the activity that did the work
// writes it, and only the act's own workflow begins, executes and ends the act.
func TestTheOutcomeOfAPruneByHandIsNotTheWorkflowsWord(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	w.taken(t, "app", noon())
	w.clock.move(7 * day)

	act := w.asked(t, true)
	other := ids.PruneByHand(ids.New("act"))

	if code := w.begin(t, other, act); code != failure.EvidenceMissing {
		t.Errorf("another workflow begins it: %s", code)
	}

	if _, err := behind[activities.PruneResult](t, &ofWorkflow{id: other}, w.do.ExecutePrune, act); boundary.CodeOf(err) != failure.EvidenceMissing {
		t.Errorf("another workflow executes it: %v", err)
	}

	if outcome, code := w.end(t, other, act); code != failure.EvidenceMissing {
		t.Errorf("another workflow ends it as %q: %s", outcome, code)
	}

	w.clock.move(2 * day)
	w.taken(t, "b", noon())

	if _, code := w.byHand(t, act); code != failure.PlanChanged {
		t.Error(code)
	}

	if code := w.begin(t, ids.PruneByHand(act), act); code != "" {
		t.Errorf("its own workflow begins it again, since the answer was lost: %s", code)
	}

	if outcome, code := w.end(t, ids.PruneByHand(act), act); code != "" || outcome != string(failure.PlanChanged) {
		t.Errorf("%s, %s", outcome, code)
	}

	if evidence := w.Ledger(t, act); evidence["act.intended"] != 1 || evidence["act.done"] != 1 {
		t.Errorf("evidence %v", evidence)
	}
}

// Whatever call of the last try fails, the outcome is that of the work, or a code of
// failure, never done for what was not.
func TestTheOutcomeSurvivesEveryFailingCall(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)

	for n, reached := 1, true; reached; n++ {
		row := w.taken(t, "app", w.clock.Now())
		w.clock.move(7 * day)

		act := w.asked(t, true)
		counter := &faults.Counter{N: n, Mode: []faults.Mode{faults.Before, faults.After}[n%2]}

		_, err := behind[activities.PruneResult](t, &ofWorkflow{id: ids.PruneByHand(act)}, func(ctx context.Context) (activities.PruneResult, error) {
			return w.do.ExecutePrune(faults.With(ctx, counter), act)
		})
		reached = counter.Reached()

		outcome, code := w.end(t, ids.PruneByHand(act), act)
		if pruned := w.Row(t, row.ID).State == catalogue.Pruned; code != "" || outcome == operator.Done && !pruned || !reached && (err != nil || outcome != operator.Done) {
			t.Errorf("call %d: %v, outcome %q (%s), pruned %t", n, err, outcome, code, pruned)
		}

		if _, err := execute[activities.PruneResult](t, nil, w.do.PruneBackups); err != nil {
			t.Fatal(err)
		}
	}
}

// A try that was cut short has done part of what was agreed to; the next does the
// rest, and nothing that came to be due since.
func TestPruneByHandGoesOn(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	first, second, third := w.taken(t, "a", noon()), w.taken(t, "b", noon()), w.taken(t, "c", noon().Add(day))
	w.clock.move(7 * day)

	held := w.Storage.Client(t).Bucket("backups").Object("b/2026-11-22/" + second.Attempt + ".archive")
	hold := func(on bool) {
		if _, err := held.Update(t.Context(), storage.ObjectAttrsToUpdate{TemporaryHold: on}); err != nil {
			t.Fatal(err)
		}
	}

	act := w.asked(t, true)

	hold(true)

	if _, code := w.byHand(t, act); code != failure.StorageRefused {
		t.Errorf("the first try: %s", code)
	}

	w.check(t, true, first)
	hold(false)
	w.clock.move(time.Minute)

	if result, code := w.byHand(t, act); code != "" || result != (activities.PruneResult{Kept: 1, Removed: 1}) {
		t.Errorf("the second try: %+v, %s", result, code)
	}

	w.check(t, true, second)
	w.clock.move(day)

	if _, code := w.byHand(t, act); code != failure.PlanChanged {
		t.Errorf("what is due only now: %s", code)
	}

	w.check(t, false, third)
}

// Where the bucket does not answer, what is overdue is told all the same.
func TestPruneTellsWhatIsOverdueWithoutItsBucket(t *testing.T) {
	t.Parallel()

	w := newPruneWorld(t)
	row := w.taken(t, "app", noon())
	w.do.Remover.Bucket = w.Client.Bucket("nowhere")

	for _, step := range []struct {
		move time.Duration
		told int
	}{{7 * day, 0}, {2 * time.Hour, 1}, {time.Hour, 1}} {
		w.clock.move(step.move)

		if _, err := execute[activities.PruneResult](t, nil, w.do.PruneBackups); boundary.CodeOf(err) != failure.ObjectNotFound {
			t.Error(err)
		}

		if told := w.Ledger(t, row.ID)["backup.overdue"]; told != step.told {
			t.Errorf("after %s: %d entries", step.move, told)
		}
	}

	w.do.Enforce = false

	if _, err := execute[activities.PruneResult](t, nil, w.do.PruneBackups); boundary.CodeOf(err) != failure.ObjectNotFound {
		t.Error(err)
	}
}
