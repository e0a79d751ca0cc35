package main

import (
	"net/http"
	netmail "net/mail"
	"testing"
	"time"

	"steward/internal/accesslog"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/letter"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/task"
)

// TestListsAreLookedAtOnceAnHour: who works through the lists leaves one entry for each
// subject and hour, and one for each look at a single task.
func TestListsAreLookedAtOnceAnHour(t *testing.T) {
	t.Parallel()

	db, clock, keep := pgtest.OpenSteward(t), clocks.Fixed(time.Now()), periods{looks: accesslog.Keep, done: task.Keep}
	h := openHouse(t, db, mailbox{db: db, clock: clock, keep: keep}, tasks{db: db, clock: clock, keep: keep})
	hire(t, db, h.verifier)

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	box := outbox.Box{Keeper: casekey.Keeper{Master: master}, From: netmail.Address{Address: "privacy@popkit.example"}, GiveUp: time.Hour, Keep: 24 * time.Hour}
	if _, err := box.Put(t.Context(), db, outbox.Mail{
		Cause: "a", To: "ada@example.com", Language: letter.English, Letter: letter.Test{Company: "Popkit"}, About: "42",
	}, clock.Now()); err != nil {
		t.Fatal(err)
	}

	opened, _, err := task.Open(t.Context(), db, task.Opening{Kind: task.DeleteAccount, Subject: "42", By: "steward", At: clock.Now()})
	if err != nil {
		t.Fatal(err)
	}

	for range 3 {
		for _, path := range []string{"/v1/tasks", "/v1/tasks?kind=account.delete", "/v1/mail", "/v1/tasks/" + opened.ID} {
			if got := h.do("support", http.MethodGet, path, ""); got.status != http.StatusOK {
				t.Fatalf("%s: %d %s", path, got.status, got.body)
			}
		}
	}

	for operation, want := range map[string]int{"list-tasks": 1, "list-mail": 1, "get-task": 3} {
		var got int
		if err := db.QueryRow(t.Context(), `select count(*) from access_log where operation = $1 and subject = '42'`, operation).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %d entries, want %d, %v", operation, got, want, err)
		}
	}

	if _, err := db.Exec(t.Context(), `alter table access_log add check (false) not valid`); err != nil {
		t.Fatal(err)
	}

	for _, path := range []string{"/v1/tasks", "/v1/mail", "/v1/tasks/" + opened.ID} {
		if got := h.do("support", http.MethodGet, path, ""); got.status < http.StatusInternalServerError {
			t.Errorf("%s: shown, and not written down: %d %s", path, got.status, got.body)
		}
	}
}
