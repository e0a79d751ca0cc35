package ownrecords_test

import (
	"context"
	"net/http"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/letter"
	"steward/internal/mail/mailtest"
	"steward/internal/mailevent"
	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

// as is the database as a login that is a member of one role, and of nothing else.
func as(t *testing.T, url, role string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), pgtest.Member(t, url, role))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

// told answers every webhook with 200.
type told struct{}

// RoundTrip implements http.RoundTripper.
func (told) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
}

// TestEachRoleMayDoItsPart walks mails and events from their making to their end, each
// step by the role whose part it is.
func TestEachRoleMayDoItsPart(t *testing.T) {
	t.Parallel()

	url := pgtest.Steward(t)
	core, api, vendors := as(t, url, "steward_core"), as(t, url, "steward_api"), as(t, url, "steward_vendors")
	server := mailtest.Start(t, mailtest.Options{})
	old, current := casekey.GenerateMaster(), casekey.GenerateMaster()
	box := outbox.Box{Keeper: keeper(t, old), From: netmail.Address{Address: "privacy@popkit.example"}, GiveUp: time.Hour, Keep: 96 * time.Hour}

	must := func(what string, err error) {
		t.Helper()

		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}

	var id string

	for range 2 {
		made, err := box.Put(t.Context(), core, outbox.Mail{
			Cause: time.Now().String(), To: "ada@example.com", Language: letter.English, Letter: letter.Test{Company: "Popkit"},
		}, at())
		must("queuing a mail", err)

		id = made
	}

	endpoint, _, err := webhook.Create(t.Context(), api, keeper(t, old), webhook.Wanted{URL: "https://hooks.example.com/", CreatedBy: "stf"}, publicnet.Rule{}, at())
	must("making an endpoint", err)

	for range 2 {
		_, err := webhook.Emit(t.Context(), core, webhook.Event{Cause: time.Now().String(), At: at(), Data: webhook.Task{}}, 96*time.Hour)
		must("emitting an event", err)
	}

	done, err := keeper(t, current+"\n"+old).Rewrap(t.Context(), core)
	must("wrapping keys anew", err)

	if done != 3 {
		t.Errorf("%d keys were wrapped anew", done)
	}

	sent, err := outbox.Sender{
		Steward: vendors, Keeper: keeper(t, current), Server: server.Address(t), From: box.From, Clock: clocks.Fixed(at()),
	}.SendDue(t.Context())
	must("sending", err)

	if sent.Accepted != 2 {
		t.Errorf("%+v", sent)
	}

	delivered, err := webhook.Deliverer{Steward: vendors, Keeper: keeper(t, current), Transport: told{}, Clock: clocks.Fixed(at())}.DeliverDue(t.Context())
	must("delivering", err)

	if delivered.Delivered != 2 {
		t.Errorf("%+v", delivered)
	}

	must("an event of a provider", api.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := outbox.Record(ctx, tx, mailevent.Event{Mail: id, Kind: mailevent.Bounced, Provider: "postmark", Reference: "1", At: at()}, at())

		return err
	}))

	_, err = webhook.Deliveries(t.Context(), api, endpoint, page.Place{}, 10)
	must("listing deliveries", err)
	_, err = outbox.List(t.Context(), api, page.Place{}, 10, at())
	must("listing mails", err)

	removed, err := ownrecords.Expire(t.Context(), core, at().Add(96*time.Hour), func(int64) {})
	must("ending", err)

	if len(removed) != 5 {
		t.Errorf("%+v", removed)
	}

	left, err := ownrecords.Overdue(t.Context(), core, at().Add(96*time.Hour))
	must("counting", err)

	if left != 0 {
		t.Errorf("%d are left", left)
	}

	must("deleting an endpoint", webhook.Delete(t.Context(), api, endpoint))
}

// TestTheAPIMayNoMoreThanItDoes: whoever takes over the API reads no recipient, no
// word of a mail and no wrapped key, queues nothing, and destroys no mail's key.
func TestTheAPIMayNoMoreThanItDoes(t *testing.T) {
	t.Parallel()

	url := pgtest.Steward(t)
	core, api := as(t, url, "steward_core"), as(t, url, "steward_api")

	const insertKey = `insert into case_keys (case_id, master, wrapped, made_at, ends_at)
		values ($1 || repeat('a', 26), 'm', decode(repeat('00', 72), 'hex'), now(), 'infinity')`

	for _, prefix := range []string{"mail_", "whe_"} {
		_, err := core.Exec(t.Context(), insertKey, prefix)
		if err != nil {
			t.Fatal(err)
		}
	}

	for _, sql := range []string{
		`select recipient from mail`, `select content from mail`, `select wrapped from case_keys`, `select url from webhook_endpoints`,
		`select secret from webhook_endpoints`, `select body from webhook_events`,
		`insert into mail (id) values ('')`, `insert into webhook_events (id) values ('')`, `insert into webhook_deliveries (id) values ('')`,
		`update mail set code = ''`, `update case_keys set master = ''`, `delete from mail`,
		`delete from case_keys where case_id like 'mail_%'`,
		`insert into case_keys (case_id, master, wrapped, made_at, ends_at)
			values ('mail_' || repeat('b', 26), 'm', decode(repeat('00', 72), 'hex'), now(), 'infinity')`,
	} {
		if _, err := api.Exec(t.Context(), sql); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("%s: %v", sql, err)
		}
	}

	if _, err := api.Exec(t.Context(), `delete from case_keys where case_id like 'whe_%'`); err != nil {
		t.Error(err)
	}
}

func keeper(t *testing.T, lines string) casekey.Keeper {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(lines))
	if err != nil {
		t.Fatal(err)
	}

	return casekey.Keeper{Master: master}
}
