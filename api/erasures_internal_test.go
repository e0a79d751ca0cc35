package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"steward/internal/accesslog"
	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/task"
)

// plan takes a case to the stage at which it waits for its approval, over no store at all.
func (h *house) plan(t *testing.T, id string) (sha string) {
	t.Helper()

	eraser := erasure.Eraser{Steward: h.db, Keeper: h.process.keeper, Clock: clocks.System()}
	judge := erasure.Judge{Steward: h.db, Clock: clocks.System(), Keep: erasure.Record, Mode: promise.Enforce}

	for _, step := range []func(context.Context, string) (erasure.Seen, error){judge.Decide, eraser.Plan, judge.Decide} {
		if _, err := step(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}

	var found struct {
		Stage string
		Plan  struct {
			SHA256 string `json:"sha256"`
		}
	}

	h.do("auditor", http.MethodGet, "/v1/erasures/"+id, "").into(t, &found)

	if found.Stage != string(erasure.AwaitingApproval) || len(found.Plan.SHA256) != 64 {
		t.Fatalf("%+v", found)
	}

	return found.Plan.SHA256
}

// enforcing is a house whose policy erases, with the account 5.
func enforcing(t *testing.T) *house {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	db, clock, keep := pgtest.OpenSteward(t), clocks.System(), periods{answers: time.Hour, looks: accesslog.Keep, done: task.Keep}
	cases := erasures{
		db: db, clock: clock, keeper: casekey.Keeper{Master: master}, keep: keep, mode: promise.Enforce,
		subjects: subjects{resolver: account.NewResolver(db, nil)},
	}
	h := openHouse(t, db, cases, tasks{db: db, clock: clock, keep: keep, erasures: cases})
	h.process.keeper = cases.keeper
	hire(t, db, h.verifier)

	if err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, _, err := account.Register(ctx, tx, "5", time.Time{}, time.Now())

		return err
	}); err != nil {
		t.Fatal(err)
	}

	return h
}

// code is why a request was refused, empty where it was not.
func (r reply) code(t *testing.T) failure.Code {
	t.Helper()

	if r.status < http.StatusBadRequest {
		return ""
	}

	return r.problem(t).Code
}

// TestADeletionLeadsToAnErasure: the app asks, support accepts, and a lead who did neither
// approves the plan; then it is not cancelled by accident, and before its tombstone it still can be.
func TestADeletionLeadsToAnErasure(t *testing.T) {
	t.Parallel()

	h := enforcing(t)

	opened, _, err := task.Open(t.Context(), h.db, task.Opening{Kind: task.DeleteAccount, Subject: "5", By: "steward", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}

	for range 2 { // the answer may have been lost
		h.do("lead", http.MethodPost, "/v1/tasks/"+opened.ID+"/outcome", `{"outcome":"accepted"}`).into(t, &struct{}{})
	}

	var list struct{ Erasures []ErasureBody }

	h.do("support", http.MethodGet, "/v1/erasures?account=5", "").into(t, &list)

	if len(list.Erasures) != 1 || list.Erasures[0].Cause != opened.ID || list.Erasures[0].Stage != "requested" {
		t.Fatalf("%+v", list)
	}

	id := list.Erasures[0].ID
	agree := func(who, sha string) failure.Code {
		return h.do(who, http.MethodPost, "/v1/erasures/"+id+"/approval", `{"plan_sha256":"`+sha+`"}`).code(t)
	}

	if got := agree("lead", strings.Repeat("a", 64)); got != failure.ErasureMoved {
		t.Error("before there is a plan: ", got)
	}

	sha := h.plan(t, id)

	// The lead has accepted the task, and so opened the case; support approves nothing.
	if got := agree("lead", sha); got != failure.OwnErasure {
		t.Error(got)
	}

	if got := agree("support", sha); got != failure.NotPermitted {
		t.Error(got)
	}

	if got := h.do("lead", http.MethodPost, "/v1/erasures/"+id+"/retry", "").code(t); got != failure.ErasureMoved {
		t.Error(got)
	}

	var tasks struct{ Tasks []taskBody }

	h.do("lead", http.MethodGet, "/v1/tasks?kind=erasure.approve", "").into(t, &tasks)

	if len(tasks.Tasks) != 1 || tasks.Tasks[0].Subject != id {
		t.Fatalf("%+v", tasks)
	}

	// Nobody's word ends the task: what it asks for does.
	if got := h.do("lead", http.MethodPost, "/v1/tasks/"+tasks.Tasks[0].ID+"/outcome", `{"outcome":"accepted"}`).code(t); got != failure.OutcomeRefused {
		t.Error(got)
	}

	for range 2 {
		h.do("support", http.MethodPost, "/v1/erasures/"+id+"/cancellation", "").into(t, &struct{}{})
	}

	h.do("lead", http.MethodGet, "/v1/tasks?kind=erasure.approve", "").into(t, &tasks)

	if len(tasks.Tasks) != 0 {
		t.Errorf("%+v", tasks)
	}
}

// TestAPersonIsNamedNowhere: identities are in no answer and in no column in the clear, and a
// hold on the same person stops the erasure all the same.
func TestAPersonIsNamedNowhere(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h := newHouse(t)
	h.do("app", http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"5"}]}`).into(t, &struct{}{})

	const person = `"account":"5","person":{"email":[" Ada@Example.com"],"phone":["+33 1 23 45"]}`

	var opened ErasureBody

	made := h.create("support", "/v1/erasures", "one", `{`+person+`,"language":"fr"}`)
	made.into(t, &opened)

	if again := h.create("support", "/v1/erasures", "one", `{`+person+`,"language":"fr"}`); again.status != http.StatusCreated ||
		!strings.Contains(string(again.body), opened.ID) {
		t.Errorf("%d %s", again.status, again.body)
	}

	if opened.Kind != "person" || opened.Account != "5" || opened.Language != "fr" {
		t.Errorf("%+v", opened)
	}

	until, err := json.Marshal(time.Now().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}

	var hold HoldBody

	body := `{"account":"5","person":{"email":["ada@example.com"]},"basis":"docket 7","until":` + string(until) + `}`
	h.create("lead", "/v1/holds", "two", body).into(t, &hold)

	judge := erasure.Judge{Steward: h.db, Clock: clocks.System(), Keep: erasure.Record, Mode: promise.Enforce}

	// This policy observes: the case gets its plan all the same, and is held from more.
	held, err := erasure.IsHeld(t.Context(), h.db, erasure.Case{ID: opened.ID})
	if err != nil || !held {
		t.Errorf("%v, %v", held, err)
	}

	for range 2 {
		h.do("lead", http.MethodPost, "/v1/holds/"+hold.ID+"/release", "").into(t, &hold)
	}

	if freed, err := judge.Decide(t.Context(), opened.ID); err != nil || freed.Stage != erasure.Requested || hold.ReleasedAt == nil {
		t.Errorf("%+v, %v, %+v", freed, err, hold)
	}

	var found int
	if err := h.db.QueryRow(t.Context(), `select count(*) from (select e::text as row from erasures as e union all select s::text from erasure_subjects as s
		union all select h::text from holds as h union all select a::text from staff_acts as a union all select body from ledger.entries) as all_rows
		where row ilike '%ada@%' or row like '%33 1%' or row like '%3312345%'`).Scan(&found); err != nil || found != 0 {
		t.Errorf("named in %d rows, %v", found, err)
	}
}

// TestSubjectsThatAreNone are refused before anything is written.
func TestSubjectsThatAreNone(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h := newHouse(t)

	for body, want := range map[string]failure.Code{
		`{}`:                                   failure.SubjectRefused,
		`{"person":{}}`:                        failure.SubjectRefused,
		`{"person":{"email":[" "]}}`:           failure.SubjectRefused,
		`{"account":"77"}`:                     failure.AccountUnknown,
		`{"account":"nobody registered this"}`: failure.AccountUnknown,
	} {
		if got := h.create("support", "/v1/erasures", "k"+strings.Repeat("x", len(body)), body).code(t); got != want {
			t.Errorf("%s: %s", body, got)
		}
	}

	var cases int
	if err := h.db.QueryRow(t.Context(), `select (select count(*) from erasures) + (select count(*) from staff_acts)`).Scan(&cases); err != nil || cases != 0 {
		t.Errorf("%d rows, %v", cases, err)
	}
}
