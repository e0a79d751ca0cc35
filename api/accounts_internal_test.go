package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/task"
)

// lifeHouse is the house with real staff and a real key: acts and looks name them.
func lifeHouse(t *testing.T) (*house, people) {
	t.Helper()

	db := pgtest.OpenSteward(t)
	made := credentialtest.New(t, db, time.Now().Add(-time.Hour))
	who := people{}

	for _, role := range access.Roles() {
		who[string(role)], _ = made.Staff(t, role)
	}

	who["app"], _ = made.Key(t, access.Scopes()...)

	clock, resolver := clocks.System(), account.NewResolver(db, account.LookupKey("a lookup key that is for tests only"))
	committer := account.NewCommitter(t.Context(), db, clock, 0)
	t.Cleanup(committer.Close)

	registrar := account.NewRegistrar(t.Context(), db, 0)
	t.Cleanup(registrar.Close)

	h := openHouse(t, db,
		accounts{db: db, clock: clock, resolver: resolver, registrar: registrar, keep: periodsOf(&policy.Policy{})},
		interactions{intake: &account.Intake{Resolver: resolver, Committer: committer, Clock: clock}},
		subscriptions{db: db, clock: clock, resolver: resolver},
		tasks{db: db, clock: clock, keep: periodsOf(&policy.Policy{})})

	known, ok := h.verifier.(people)
	if !ok {
		t.Fatal("the house has other people")
	}

	maps.Copy(known, who)

	return h, who
}

// TestTheLifeOfAnAccount walks the thin way through all of it: registered, alive,
// paid, looked at, asked to be deleted, decided.
func TestTheLifeOfAnAccount(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, who := lifeHouse(t)

	var made, again, now accountBody

	first := h.create("app", "/v1/accounts", "one", `{"account":"ada@example.com","created_at":"2024-02-29T12:00:00+01:00"}`)
	first.into(t, &made)

	if first.status != http.StatusCreated || !strings.HasPrefix(made.ID, "acc_") || made.State != "alive" || made.CreatedAt == nil {
		t.Fatalf("%d %s", first.status, first.body)
	}

	h.create("app", "/v1/accounts", "two", `{"account":"ada@example.com"}`).into(t, &again)

	if again.ID != made.ID {
		t.Errorf("%s and %s are one account", made.ID, again.ID)
	}

	seen := time.Now().Add(-time.Minute).UTC().Truncate(time.Second)
	body := fmt.Sprintf(`{"interactions":[{"account":"ada@example.com","at":%q},{"account":"7"},{"account":"7","at":"2001-01-01T00:00:00Z"},{"account":"8","at":"2999-01-01T00:00:00Z"}]}`, seen.Format(time.RFC3339))

	var recorded struct {
		Recorded int                  `json:"recorded"`
		Refused  []refusedInteraction `json:"refused"`
	}

	h.do("app", http.MethodPost, "/v1/interactions", body).into(t, &recorded)

	if recorded.Recorded != 3 || len(recorded.Refused) != 1 || recorded.Refused[0] != (refusedInteraction{3, "sign_in_future"}) {
		t.Errorf("%+v", recorded)
	}

	h.do("app", http.MethodPost, "/v1/subscriptions",
		`{"account":"`+made.ID+`","event":"paid_until","at":"2026-01-01T00:00:00Z","paid_until":"2029-01-01T00:00:00Z"}`).into(t, &now)

	h.do("support", http.MethodGet, "/v1/accounts/"+made.ID, "").into(t, &now)

	if now.LastInteractionAt == nil || !now.LastInteractionAt.Equal(seen) || !now.Subscribed || now.PaidUntil == nil || now.DeletionTask != "" {
		t.Errorf("%+v", now)
	}

	var looks int

	if err := h.db.QueryRow(t.Context(), `select count(*) from access_log where subject = $1 and staff = $2 and operation = 'get-account'`,
		made.ID, who["support"].ID).Scan(&looks); err != nil || looks != 1 {
		t.Errorf("%d looks, %v", looks, err)
	}

	var asked, asked2, done taskBody

	answer := h.do("app", http.MethodDelete, "/v1/accounts/"+made.ID, "")
	answer.into(t, &asked)
	h.do("lead", http.MethodDelete, "/v1/accounts/"+made.ID, "").into(t, &asked2)

	if answer.status != http.StatusAccepted || asked.ID != asked2.ID || asked.Subject != made.ID || asked.OpenedBy != who["app"].ID ||
		answer.headers.Get("Location") != "/v1/tasks/"+asked.ID || asked.Role != "support" || asked.Overdue {
		t.Errorf("%d %s", answer.status, answer.body)
	}

	h.do("support", http.MethodGet, "/v1/accounts/"+made.ID, "").into(t, &now)

	if now.DeletionTask != asked.ID || now.State != "alive" {
		t.Errorf("%+v", now)
	}

	if got := h.do("operator", http.MethodPost, "/v1/tasks/"+asked.ID+"/outcome", `{"outcome":"refused"}`).problem(t); got.Code != failure.TaskNotYours {
		t.Error(got)
	}

	if got := h.do("support", http.MethodPost, "/v1/tasks/"+asked.ID+"/outcome", `{"outcome":"eaten"}`).problem(t); got.Code != failure.OutcomeRefused {
		t.Error(got)
	}

	for range 2 {
		h.do("lead", http.MethodPost, "/v1/tasks/"+asked.ID+"/outcome", `{"outcome":"refused"}`).into(t, &done)
	}

	if done.Outcome != "refused" || done.DoneBy != who["lead"].ID {
		t.Errorf("%+v", done)
	}

	if got := h.do("support", http.MethodPost, "/v1/tasks/"+asked.ID+"/outcome", `{"outcome":"accepted"}`).problem(t); got.Code != failure.TaskDone {
		t.Error(got)
	}

	var acts, entries int

	if err := h.db.QueryRow(t.Context(), `select (select count(*) from staff_acts where object = $1 and verb = 'task.refused'),
		(select count(*) from ledger.entries where kind = 'act.done' and body::text like '%task.refused%')`, asked.ID).Scan(&acts, &entries); err != nil || acts != 1 || entries != 1 {
		t.Errorf("%d acts, %d entries, %v", acts, entries, err)
	}
}

// TestWhatIsRefused: nothing is accepted that cannot be kept, and each refusal says
// which it is.
func TestWhatIsRefused(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, _ := lifeHouse(t)
	ghost := "acc_aaaaaaaaaaaaaaaaaaaaaaaaaa"

	h.do("app", http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"5"}]}`).into(t, &struct{}{})
	closeAccount(t, h.db, "5")

	for n, c := range []struct {
		method, path, body string
		code               failure.Code
	}{
		{http.MethodGet, "/v1/accounts/404", "", failure.AccountUnknown},
		{http.MethodGet, "/v1/accounts/" + ghost, "", failure.AccountUnknown},
		{http.MethodGet, "/v1/accounts/ada%40example.com", "", failure.RequestInvalid},
		{http.MethodGet, "/v1/accounts/007", "", failure.RequestInvalid},
		{http.MethodDelete, "/v1/accounts/404", "", failure.AccountUnknown},
		{http.MethodDelete, "/v1/accounts/5", "", failure.AccountGone},
		{http.MethodPost, "/v1/accounts", `{"account":"5"}`, failure.AccountGone},
		{http.MethodPost, "/v1/accounts", `{"account":"` + ghost + `"}`, failure.AccountKeyRefused},
		{http.MethodPost, "/v1/accounts", `{"account":" x"}`, failure.AccountKeyRefused},
		{http.MethodPost, "/v1/accounts", `{"account":""}`, failure.RequestInvalid},
		{http.MethodPost, "/v1/accounts", `{"account":5}`, failure.RequestInvalid},
		{http.MethodPost, "/v1/accounts", `{"account":"6","created_at":"2999-01-01T00:00:00Z"}`, failure.SignInFuture},
		{http.MethodPost, "/v1/accounts", `{"account":"6","created_at":"0001-01-01T00:00:00Z"}`, failure.SignTooOld},
		{http.MethodPost, "/v1/interactions", `{"interactions":[]}`, failure.RequestInvalid},
		{http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"5"}]}`, failure.AccountGone},
		{http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"` + ghost + `"}]}`, failure.AccountUnknown},
		{http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"6","at":"0001-01-01T00:00:00Z"}]}`, failure.SignTooOld},
		{http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"6","at":"2999-01-01T00:00:00Z"},{"account":"5"}]}`, failure.SignInFuture},
		{http.MethodPost, "/v1/interactions", `{"interactions":[` + strings.Repeat(`{"account":"6"},`, account.MaxSigns) + `{"account":"6"}]}`, failure.RequestInvalid},
		{http.MethodPost, "/v1/subscriptions", `{"account":"5","event":"payment","at":"2026-01-01T00:00:00Z"}`, failure.AccountGone},
		{http.MethodPost, "/v1/subscriptions", `{"account":"6","event":"paid_until","at":"2026-01-01T00:00:00Z"}`, failure.EventRefused},
		{http.MethodPost, "/v1/subscriptions", `{"account":"6","event":"eaten","at":"2026-01-01T00:00:00Z"}`, failure.RequestInvalid},
		{http.MethodPost, "/v1/subscriptions", `{"account":"6","event":"payment","at":"2999-01-01T00:00:00Z"}`, failure.SignInFuture},
		{http.MethodPost, "/v1/subscriptions", `{"account":"` + ghost + `","event":"payment","at":"2026-01-01T00:00:00Z"}`, failure.AccountUnknown},
	} {
		if got := h.do("app", c.method, c.path, c.body, "Idempotency-Key", strconv.Itoa(n)).problem(t); got.Code != c.code {
			t.Errorf("%s %s %.100s: %s, want %s", c.method, c.path, c.body, got.Code, c.code)
		}
	}

	if _, err := account.Get(t.Context(), h.db, "6"); !failure.Is(err, failure.AccountUnknown) {
		t.Errorf("what was refused left something: %v", err)
	}
}

func closeAccount(t *testing.T, db *postgres.DB, id string) {
	t.Helper()

	const caseID = "era_aaaaaaaaaaaaaaaaaaaaaaaaaa"

	if err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		found, err := account.Get(ctx, tx, id)
		if err != nil {
			return err
		}

		if err := account.BeginClosing(ctx, tx, id, caseID, found.Signs, time.Now()); err != nil {
			return err
		}

		return account.Close(ctx, tx, id, caseID, time.Now())
	}); err != nil {
		t.Fatal(err)
	}
}

// TestTaskPages walks the list of tasks by its cursors.
func TestTaskPages(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, _ := lifeHouse(t)

	for n := range 5 {
		_, _, err := task.Open(t.Context(), h.db, task.Opening{
			Kind: task.DeleteAccount, Subject: strconv.Itoa(n), By: "steward", At: time.Now().Add(-time.Duration(n) * 48 * time.Hour),
		})
		if err != nil {
			t.Fatal(err)
		}
	}

	var subjects []string

	for cursor := ""; ; {
		var answer struct {
			Tasks      []taskBody `json:"tasks"`
			NextCursor string     `json:"next_cursor"`
		}

		h.do("auditor", http.MethodGet, "/v1/tasks?limit=2"+cursor, "").into(t, &answer)

		for _, each := range answer.Tasks {
			subjects = append(subjects, each.Subject)

			if each.Overdue != (each.Subject > "1") || len(each.Outcomes) != 2 {
				t.Errorf("%+v", each)
			}
		}

		if answer.NextCursor == "" {
			break
		}

		cursor = "&cursor=" + answer.NextCursor

		if got := h.do("auditor", http.MethodGet, "/v1/tasks?state=done"+cursor, "").problem(t); got.Code != failure.CursorInvalid {
			t.Errorf("the cursor of one list is good for another: %s", got.Code)
		}
	}

	if got := strings.Join(subjects, ""); got != "43210" {
		t.Error(got)
	}

	if got := h.do("support", http.MethodGet, "/v1/tasks/tsk_aaaaaaaaaaaaaaaaaaaaaaaaaa", "").problem(t); got.Code != failure.TaskUnknown {
		t.Error(got.Code)
	}
}

// TestWhatIsRefusedGivesNoID: neither a key that was used for another request nor a time
// that cannot be leaves a trace of the account that it named.
func TestWhatIsRefusedGivesNoID(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, _ := lifeHouse(t)

	h.create("app", "/v1/accounts", "one-key", `{"account":"77"}`).into(t, &struct{}{})

	for code, body := range map[failure.Code]string{
		failure.IdempotencyReused: `{"account":"ada@example.com"}`,
		failure.SignInFuture:      `{"account":"grace@example.com","created_at":"2999-01-01T00:00:00Z"}`,
	} {
		key := "one-key"
		if code != failure.IdempotencyReused {
			key = "other-key"
		}

		if got := h.create("app", "/v1/accounts", key, body).problem(t); got.Code != code {
			t.Errorf("%s: %s", body, got.Code)
		}
	}

	var given int
	if err := h.db.QueryRow(t.Context(), `select count(*) from account_keys`).Scan(&given); err != nil || given != 0 {
		t.Errorf("%d ids were given, %v", given, err)
	}

	var first, second registeredBody

	h.create("app", "/v1/accounts", "third-key", `{"account":"ada@example.com"}`).into(t, &first)
	h.create("app", "/v1/accounts", "fourth-key", `{"account":"ada@example.com"}`).into(t, &second)

	if first.ID != second.ID || !strings.HasPrefix(first.ID, "acc_") {
		t.Errorf("%+v, %+v", first, second)
	}
}

// TestRetriesOfOneCreation: whoever asks for the same thing with the same key, at
// once or later, gets the same answer; another body is refused; a new key for the
// same account finds it there.
func TestRetriesOfOneCreation(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, _ := lifeHouse(t)

	var (
		together sync.WaitGroup
		mu       sync.Mutex
		answers  = map[string]int{}
	)

	for range 30 {
		together.Go(func() {
			got := h.create("app", "/v1/accounts", "one-key", `{"account":"77","created_at":"2024-01-01T00:00:00.123456789Z"}`)

			mu.Lock()
			defer mu.Unlock()

			if got.status != http.StatusCreated {
				// The first may still be at work; then there is nothing to give yet.
				if code := got.problem(t).Code; code != failure.IdempotencyRunning {
					t.Errorf("%d %s", got.status, got.body)
				}

				return
			}

			answers[string(got.body)]++
		})
	}

	together.Wait()

	again := h.create("app", "/v1/accounts", "one-key", `{"account":"77","created_at":"2024-01-01T00:00:00.123456789Z"}`)
	if len(answers) != 1 || answers[string(again.body)] == 0 || again.headers.Get("Idempotency-Replayed") != "true" {
		t.Errorf("%v, then %s", answers, again.body)
	}

	if got := h.create("app", "/v1/accounts", "one-key", `{"account":"78"}`).problem(t); got.Code != failure.IdempotencyReused {
		t.Error(got.Code)
	}

	var found accountBody

	h.create("app", "/v1/accounts", "other-key", `{"account":"77"}`).into(t, &found)

	if found.ID != "77" || found.CreatedAt == nil || !found.CreatedAt.Equal(time.Date(2024, 1, 1, 0, 0, 0, 123456000, time.UTC)) {
		t.Errorf("%+v", found)
	}
}
