package main

import (
	"bytes"
	"net/http"
	netmail "net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"steward/internal/accesslog"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/letter"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

// messageHouse is the API with the resources about messages, a master key, and staff who
// exist.
func messageHouse(t *testing.T) (*house, casekey.Keeper) {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	keeper, db, clock := casekey.Keeper{Master: master}, pgtest.OpenSteward(t), clocks.System()
	h := openHouse(t, db, mailbox{db: db, clock: clock, keep: periods{looks: accesslog.Keep}}, mailEvents{db, clock}, webhooks{db: db, clock: clock, keeper: keeper})
	hire(t, db, h.verifier)

	return h, keeper
}

func verbsOf(t *testing.T, h *house) (verbs string) {
	t.Helper()

	if err := h.db.QueryRow(t.Context(), `select coalesce(string_agg(verb, ' ' order by at, id), '') from staff_acts`).Scan(&verbs); err != nil {
		t.Fatal(err)
	}

	return verbs
}

func TestWebhookEndpointsThroughTheAPI(t *testing.T) {
	t.Parallel()

	h, _ := messageHouse(t)

	var made struct{ ID, Secret string }

	const body = `{"url": "https://hooks.example.com/secret-path", "types": ["promise.broken"], "description": "the app"}`

	first := h.create("operator", "/v1/webhooks/endpoints", "k1", body)
	first.into(t, &made)

	if first.status != http.StatusCreated || !ids.Valid("whe", made.ID) || !strings.HasPrefix(made.Secret, "whsec_") {
		t.Errorf("%d %s", first.status, first.body)
	}

	if again := h.create("operator", "/v1/webhooks/endpoints", "k1", body); !bytes.Equal(again.body, first.body) {
		t.Errorf("a retry gave %s", again.body)
	}

	for _, refused := range []string{
		`{"url": "https://10.0.0.1/"}`, `{"url": "http://hooks.example.com/"}`, `{"url": "https://hooks.example.com/", "types": ["nothing"]}`,
		`{"url": "https://localhost/"}`, `{}`,
	} {
		if got := h.create("operator", "/v1/webhooks/endpoints", ids.New("key"), refused); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", refused, got.status, got.body)
		}
	}

	listed := h.do("auditor", http.MethodGet, "/v1/webhooks/endpoints", "")
	if text := string(listed.body); strings.Contains(text, "secret-path") || strings.Contains(text, made.Secret) || strings.Count(text, made.ID) != 1 {
		t.Errorf("%s", text)
	}

	if got := h.do("operator", http.MethodDelete, "/v1/webhooks/endpoints/"+made.ID, ""); got.status != http.StatusNoContent || len(got.body) != 0 {
		t.Errorf("%d %s", got.status, got.body)
	}

	if got := h.do("operator", http.MethodDelete, "/v1/webhooks/endpoints/"+made.ID, ""); got.status != http.StatusNoContent {
		t.Errorf("again: %d %s", got.status, got.body)
	}

	if got := h.do("operator", http.MethodDelete, "/v1/webhooks/endpoints/"+ids.New("whe"), ""); got.status != http.StatusNotFound ||
		got.problem(t).Code != failure.UnknownEndpoint {
		t.Errorf("%d %s", got.status, got.body)
	}

	if got := verbsOf(t, h); got != "webhook.create webhook.delete" {
		t.Errorf("acts: %s", got)
	}
}

func TestWebhookDeliveriesThroughTheAPI(t *testing.T) {
	t.Parallel()

	h, keeper := messageHouse(t)

	endpoint, _, err := webhook.Create(t.Context(), h.db, keeper, webhook.Wanted{URL: "https://hooks.example.com/", CreatedBy: "stf"}, publicnet.Rule{}, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}

	for i := range 3 {
		if _, err := webhook.Emit(t.Context(), h.db, webhook.Event{
			Cause: strconv.Itoa(i), At: h.clock.Now(), Data: webhook.Task{Task: "tsk", Kind: "k", Due: h.clock.Now()},
		}, time.Hour); err != nil {
			t.Fatal(err)
		}
	}

	type page struct {
		NextCursor string `json:"next_cursor"`
		Deliveries []struct{ ID, Endpoint, State, Type string }
	}

	seen, cursor := map[string]bool{}, ""

	for range 2 {
		var one page

		h.do("auditor", http.MethodGet, "/v1/webhooks/deliveries?limit=2&endpoint="+endpoint+cursor, "").into(t, &one)

		for _, each := range one.Deliveries {
			seen[each.ID] = true
		}

		if cursor = ""; one.NextCursor != "" {
			cursor = "&cursor=" + one.NextCursor
		}
	}

	if len(seen) != 3 || cursor != "" {
		t.Errorf("%d deliveries were seen, then %q", len(seen), cursor)
	}

	for id := range seen {
		if got := h.create("operator", "/v1/webhooks/deliveries/"+id+"/retry", id, ""); got.status != http.StatusNoContent {
			t.Errorf("%d %s", got.status, got.body)
		}
	}

	unknown := h.create("operator", "/v1/webhooks/deliveries/"+ids.New("whd")+"/retry", "unknown", "")
	if unknown.status != http.StatusNotFound || unknown.problem(t).Code != failure.UnknownDelivery {
		t.Errorf("%d %s", unknown.status, unknown.body)
	}

	if got := verbsOf(t, h); got != "webhook.retry webhook.retry webhook.retry" { //nolint:dupword // three acts
		t.Errorf("acts: %s", got)
	}
}

// TestMailAndWhatBecameOfIt queues a mail, lets a provider tell of it with the record of
// its own documentation, and looks.
func TestMailAndWhatBecameOfIt(t *testing.T) {
	t.Parallel()

	h, keeper := messageHouse(t)

	box := outbox.Box{Keeper: keeper, From: netmail.Address{Address: "privacy@popkit.example"}, GiveUp: time.Hour, Keep: 24 * time.Hour}

	id, err := box.Put(t.Context(), h.db, outbox.Mail{
		Cause: "x", To: "ada@example.com", Language: letter.French, Letter: letter.Test{Company: "Popkit"}, About: "dsr_1",
	}, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}

	state := func(want string) {
		t.Helper()

		var list struct {
			Mail []struct{ ID, State, Letter, Language, About string }
		}

		answer := h.do("support", http.MethodGet, "/v1/mail", "")
		answer.into(t, &list)

		if len(list.Mail) != 1 || list.Mail[0].ID != id || list.Mail[0].State != want || strings.Contains(string(answer.body), "ada@") {
			t.Errorf("want %s: %s", want, answer.body)
		}
	}

	state("waiting")

	tell := func(name string, want bool) {
		t.Helper()

		record, err := os.ReadFile("../internal/mailevent/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}

		var answer struct{ Recorded bool }

		h.do("app", http.MethodPost, "/v1/mail/events", strings.ReplaceAll(string(record), "mail_aaaaaaaaaaaaaaaaaaaaaaaaaa", id)).into(t, &answer)

		if answer.Recorded != want {
			t.Errorf("%s was news: %v", name, answer.Recorded)
		}
	}

	tell("postmark_delivery.json", true)
	state("waiting")
	tell("postmark_bounce.json", true)
	tell("postmark_bounce.json", false)
	state("bounced")
	tell("postmark_complaint.json", true)
	state("complained")

	var events int
	if err := h.db.QueryRow(t.Context(), `select count(*) from mail_events`).Scan(&events); err != nil || events != 3 {
		t.Errorf("%d events, %v", events, err)
	}

	// As Postmark sends it: members that the example lacks, nulls, and the whole mail.
	content := strings.Repeat(`Received: by mx.example.com\r\n`, 30_000)
	other, err := os.ReadFile("../internal/mailevent/testdata/postmark_bounce.json")
	if err != nil {
		t.Fatal(err)
	}

	big := strings.NewReplacer("mail_aaaaaaaaaaaaaaaaaaaaaaaaaa", id, "692560173", "692560174", `"TypeCode": 1,`,
		`"TypeCode": null, "Tag": null, "MessageID": null, "DeliveredAt": null, "New": {"a": [null, 1e999]}, "Content": "`+content+`",`).Replace(string(other))

	var answer struct{ Recorded bool }

	h.do("app", http.MethodPost, "/v1/mail/events", big).into(t, &answer)

	if !answer.Recorded || len(big) < 800_000 {
		t.Errorf("%+v", answer)
	}

	if got := h.do("app", http.MethodPost, "/v1/mail/events", `{"Content":"`+strings.Repeat("x", 1<<20)+`"}`); got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("%d %s", got.status, got.body)
	}

	if got := h.do("app", http.MethodPost, "/v1/mail/events", "{\"RecordType\":\"\xff\"}"); got.status != http.StatusBadRequest {
		t.Errorf("%d %s", got.status, got.body)
	}

	foreign := strings.ReplaceAll(`{"RecordType": "Bounce", "ID": 7, "Type": "HardBounce", "BouncedAt": "2026-11-22T12:00:00Z", "Metadata": {"steward-mail": "X"}}`, "X", ids.New("mail"))
	if got := h.do("app", http.MethodPost, "/v1/mail/events", foreign); got.status != http.StatusOK || !strings.Contains(string(got.body), "false") {
		t.Errorf("%d %s", got.status, got.body)
	}

	if got := h.do("operator", http.MethodPost, "/v1/mail/events", foreign); got.status != http.StatusForbidden {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestWhoLooksThroughTheMailsIsWrittenDown: whom each mail is about, or the mail, before
// it is shown; what apps read is not, and what cannot be written down is not shown.
func TestWhoLooksThroughTheMailsIsWrittenDown(t *testing.T) {
	t.Parallel()

	h, keeper := messageHouse(t)
	box := outbox.Box{Keeper: keeper, From: netmail.Address{Address: "privacy@popkit.example"}, GiveUp: time.Hour, Keep: 24 * time.Hour}
	abouts := []string{"42", "0b6c1b4e-1d5f-4c5a-9a61-0f4e7a2f9b11", ids.New("tsk"), "backups/app", "ledger", ""}

	var want []string

	for i, about := range abouts {
		id, err := box.Put(t.Context(), h.db, outbox.Mail{
			Cause: strconv.Itoa(i), To: "ada@example.com", Language: letter.English, Letter: letter.Test{Company: "Popkit"}, About: about,
		}, h.clock.Now())
		if err != nil {
			t.Fatal(err)
		}

		if i < 3 {
			id = about
		}

		want = append(want, id)
	}

	all, ok := h.verifier.(people)
	if !ok {
		t.Fatal("the people are not made up")
	}

	looks := func() (subjects []string) {
		t.Helper()

		if err := h.db.QueryRow(t.Context(), `select coalesce(array_agg(subject), '{}') from access_log
			where operation = 'list-mail' and role = 'support' and staff = $1`, all["support"].ID).Scan(&subjects); err != nil {
			t.Fatal(err)
		}

		return subjects
	}

	if got := h.do("nobody", http.MethodGet, "/v1/mail", ""); got.status != http.StatusUnauthorized || len(looks()) != 0 {
		t.Errorf("%d, %v", got.status, looks())
	}

	// A page shows what is on it, and no more is written down.
	if got := h.do("support", http.MethodGet, "/v1/mail?limit=2", ""); got.status != http.StatusOK || len(looks()) != 2 {
		t.Errorf("%d, %v", got.status, looks())
	}

	if _, err := h.db.Exec(t.Context(), `delete from access_log`); err != nil {
		t.Fatal(err)
	}

	if got := h.do("support", http.MethodGet, "/v1/mail", ""); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}

	got := looks()
	slices.Sort(got)
	slices.Sort(want)

	if !slices.Equal(got, want) {
		t.Errorf("%v were written down, want %v", got, want)
	}

	if _, err := h.db.Exec(t.Context(), `alter table access_log add check (false) not valid`); err != nil {
		t.Fatal(err)
	}

	if got := h.do("support", http.MethodGet, "/v1/mail", ""); got.status < http.StatusInternalServerError || strings.Contains(string(got.body), "mail_") {
		t.Errorf("shown, and not written down: %d %s", got.status, got.body)
	}
}

// Without a master key nothing is sealed, and nothing is stored in the clear instead.
func TestWithoutAMasterKeyNothingIsSealed(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	h := openHouse(t, db, webhooks{db: db, clock: clocks.System()})

	got := h.create("operator", "/v1/webhooks/endpoints", "k", `{"url": "https://hooks.example.com/"}`)
	if got.status != http.StatusServiceUnavailable || got.problem(t).Code != failure.ConfigInvalid {
		t.Errorf("%d %s", got.status, got.body)
	}
}
