package alert_test

import (
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"steward/internal/alert"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/webhook"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func means(t *testing.T, db *postgres.DB, at time.Time) alert.Means {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	return alert.Means{
		Steward: db, Company: "Popkit", Clock: clocks.Fixed(at), KeepWebhooks: 30 * 24 * time.Hour,
		Box: outbox.Box{
			Keeper: casekey.Keeper{Master: master}, From: netmail.Address{Address: "privacy@popkit.example"}, GiveUp: time.Hour, Keep: 24 * time.Hour,
		},
	}
}

func ways() []policy.Alert {
	return []policy.Alert{
		{Kind: policy.AlertMail, To: "ops@popkit.example", Language: "fr"},
		{Kind: policy.AlertMail, To: "boss@popkit.example"},
		{Kind: policy.AlertWebhook},
	}
}

// TestEachDayTellsOnce: told again after a crash it is the same mail and event, told a
// day later it is another.
func TestEachDayTellsOnce(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	if _, err := db.Exec(t.Context(), `insert into webhook_endpoints (id, url, secret, created_by, created_at)
		values ('whe_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', '', 'stf', $1)`, start()); err != nil {
		t.Fatal(err)
	}

	broken := alert.Alert{Promise: promise.Backups, Item: "app", State: promise.Broken, Code: "backups.broken", Since: start(), Runbook: "docs/runbooks.md#x"}

	const day = 24 * time.Hour

	// Told at once and again after a crash, the next day and again after a crash that
	// lasted into the day after, and then.
	for _, telling := range []struct{ after, before time.Duration }{{0, -1}, {25 * time.Hour, -1}, {day, 0}, {2*day + time.Minute, 0}, {3 * day, 2 * day}} {
		after := telling.after

		broken.ToldBefore = time.Time{}
		if telling.before >= 0 {
			broken.ToldBefore = start().Add(telling.before)
		}

		for _, teller := range alert.Tellers(ways(), means(t, db, start().Add(after))) {
			if err := teller.Tell(t.Context(), broken); err != nil {
				t.Fatal(err)
			}
		}
	}

	var mails, events, deliveries int
	if err := db.QueryRow(t.Context(), `select (select count(*) from mail), (select count(*) from webhook_events), (select count(*) from webhook_deliveries)`).
		Scan(&mails, &events, &deliveries); err != nil || mails != 6 || events != 3 || deliveries != 3 {
		t.Errorf("%d mails, %d events, %d deliveries, %v", mails, events, deliveries, err)
	}

	checkRows(t, db)
}

func checkRows(t *testing.T, db *postgres.DB) {
	t.Helper()

	var languages, causes, body string
	if err := db.QueryRow(t.Context(), `select string_agg(distinct language, ','), string_agg(cause, ' '), (select min(body) from webhook_events)
		from mail where about = 'backups/app' and letter = 'promise_alert'`).Scan(&languages, &causes, &body); err != nil {
		t.Fatal(err)
	}

	if languages != "en,fr" || strings.Contains(causes, "@") || !strings.Contains(body, string(webhook.PromiseBroken)) {
		t.Errorf("%s, %s, %s", languages, causes, body)
	}
}

func TestAnAlertThatCannotBeToldIsAnError(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	db.Close()

	for i, teller := range alert.Tellers(ways(), means(t, db, start())) {
		if err := teller.Tell(t.Context(), alert.Alert{State: promise.AtRisk, Since: start()}); !failure.Is(err, failure.Unavailable) {
			t.Errorf("%d: %v", i, err)
		}
	}
}
