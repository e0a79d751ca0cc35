package main

import (
	"net/http"
	"sync"
	"testing"

	"steward/internal/failure"
)

// traces counts what a member of staff left: looks at an account through delete-account,
// and acts of asking for its deletion.
func (h *house) traces(t *testing.T, staff, account string) (looks, acts int) {
	t.Helper()

	if err := h.db.QueryRow(t.Context(), `select
			(select count(*) from access_log where staff = $1 and subject = $2 and operation = 'delete-account'),
			(select count(*) from staff_acts as a join tasks as t on t.id = a.object
				where a.staff = $1 and a.verb = 'account.delete' and t.subject = $2)`,
		staff, account).Scan(&looks, &acts); err != nil {
		t.Fatal(err)
	}

	return looks, acts
}

// TestWhoeverAsksForADeletionLeavesATrace: the second person too, to whom the open task
// of the first is shown, and who is only told that the account is closed.
func TestWhoeverAsksForADeletionLeavesATrace(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, who := lifeHouse(t)

	for _, id := range []string{"5", "6"} {
		h.do("app", http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"`+id+`"}]}`).into(t, &struct{}{})
	}

	closeAccount(t, h.db, "6")

	var first, second taskBody

	h.do("support", http.MethodDelete, "/v1/accounts/5", "").into(t, &first)
	h.do("lead", http.MethodDelete, "/v1/accounts/5", "").into(t, &second)

	if first.ID != second.ID {
		t.Errorf("%s and %s are one task", first.ID, second.ID)
	}

	for _, name := range []string{"support", "lead"} {
		if looks, acts := h.traces(t, who[name].ID, "5"); looks != 1 || acts != 1 {
			t.Errorf("%s: %d looks, %d acts", name, looks, acts)
		}
	}

	if got := h.do("lead", http.MethodDelete, "/v1/accounts/6", "").problem(t); got.Code != failure.AccountGone {
		t.Error(got.Code)
	}

	if looks, acts := h.traces(t, who["lead"].ID, "6"); looks != 1 || acts != 0 {
		t.Errorf("closed: %d looks, %d acts", looks, acts)
	}

	// An answer may have been lost: the same person asks again, and it is the same act.
	for range 2 {
		h.do("support", http.MethodDelete, "/v1/accounts/5", "").into(t, &second)
	}

	if looks, acts := h.traces(t, who["support"].ID, "5"); looks != 3 || acts != 1 {
		t.Errorf("again: %d looks, %d acts", looks, acts)
	}

	// The app reads its own accounts.
	h.do("app", http.MethodDelete, "/v1/accounts/5", "").into(t, &second)

	if looks, acts := h.traces(t, who["app"].ID, "5"); looks != 0 || acts != 0 {
		t.Errorf("the app: %d looks, %d acts", looks, acts)
	}

	// What cannot be noted is not told.
	if _, err := h.db.Exec(t.Context(), `alter table access_log add check (false) not valid`); err != nil {
		t.Fatal(err)
	}

	for _, id := range []string{"5", "6"} {
		if got := h.do("support", http.MethodDelete, "/v1/accounts/"+id, ""); got.status < http.StatusInternalServerError {
			t.Errorf("%s: told, and not noted: %d %s", id, got.status, got.body)
		}
	}
}

// TestADeletionThatIsAskedForAtOnceIsOneAct: the first request may still be under way when
// it is repeated. Once the task is done, to ask again is another act.
func TestADeletionThatIsAskedForAtOnceIsOneAct(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, who := lifeHouse(t)

	var opened taskBody

	h.do("app", http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"5"}]}`).into(t, &struct{}{})
	h.do("app", http.MethodDelete, "/v1/accounts/5", "").into(t, &opened)

	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if got := h.do("support", http.MethodDelete, "/v1/accounts/5", ""); got.status != http.StatusAccepted {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}

	all.Wait()

	if looks, acts := h.traces(t, who["support"].ID, "5"); looks != 8 || acts != 1 {
		t.Errorf("%d looks, %d acts", looks, acts)
	}

	h.do("lead", http.MethodPost, "/v1/tasks/"+opened.ID+"/outcome", `{"outcome":"refused"}`).into(t, &struct{}{})
	h.do("support", http.MethodDelete, "/v1/accounts/5", "").into(t, &opened)

	if looks, acts := h.traces(t, who["support"].ID, "5"); looks != 9 || acts != 2 {
		t.Errorf("once it is done: %d looks, %d acts", looks, acts)
	}
}
