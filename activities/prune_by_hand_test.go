package activities_test

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
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
		if err := w.acts().BeginAct(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}

	return act
}

func (w *pruneWorld) acts() *activities.Acts {
	return &activities.Acts{Steward: w.Steward, Clock: w.clock}
}

func (w *pruneWorld) byHand(t *testing.T, act string) (activities.PruneResult, failure.Code) {
	t.Helper()

	result, err := execute[activities.PruneResult](t, nil, w.do.ExecutePrune, act)
	if err == nil {
		return result, ""
	}

	return result, boundary.CodeOf(err)
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
		if err := w.acts().EndAct(t.Context(), activities.ActEnd{Act: act, Outcome: operator.Done}); err != nil {
			t.Fatal(err)
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
		if err := w.acts().BeginAct(t.Context(), act); !failure.Is(err, failure.EvidenceMissing) {
			t.Errorf("the intent of yesterday, or of nobody: %v", err)
		}
	}

	w.do.Enforce = false

	if _, code := w.byHand(t, w.asked(t, true)); code != failure.ObservedOnly {
		t.Errorf("observed: %s", code)
	}

	w.check(t, false, first, second)
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
