package activities_test

import (
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	"steward/activities"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/letter"
	"steward/internal/mail/mailtest"
	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/pgtest"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

func newKeeper(t *testing.T, lines string) casekey.Keeper {
	t.Helper()

	master, err := casekey.ParseMaster([]byte(lines))
	if err != nil {
		t.Fatal(err)
	}

	return casekey.Keeper{Master: master}
}

// TestAMailFromItsRowToItsEnd queues a mail, sends it over a real socket, wraps its key
// anew and lets it end, each by the activity that does so.
func TestAMailFromItsRowToItsEnd(t *testing.T) {
	t.Parallel()

	db, server := pgtest.OpenSteward(t), mailtest.Start(t, mailtest.Options{})
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	first, second := casekey.GenerateMaster(), casekey.GenerateMaster()
	from := netmail.Address{Name: "Popkit", Address: "privacy@popkit.example"}
	box := outbox.Box{Keeper: newKeeper(t, first), From: from, GiveUp: time.Hour, Keep: 24 * time.Hour}

	if _, err := box.Put(t.Context(), db, outbox.Mail{
		Cause: "x", To: "ada@example.com", Language: letter.French, Letter: letter.Test{Company: "Popkit", At: at},
	}, at); err != nil {
		t.Fatal(err)
	}

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()
	own := &activities.OwnRecords{Steward: db, Keeper: newKeeper(t, second+"\n"+first), Clock: clocks.Fixed(at.Add(24 * time.Hour))}
	mails := &activities.Mails{Sender: outbox.Sender{
		Steward: db, Keeper: newKeeper(t, second), Server: server.Address(t), From: from, Clock: clocks.Fixed(at),
	}}
	hooks := &activities.Webhooks{Deliverer: webhook.Deliverer{
		Steward: db, Keeper: newKeeper(t, second), Transport: publicnet.Transport(publicnet.Rule{}), Clock: clocks.Fixed(at),
	}}

	env.RegisterActivity(own)
	env.RegisterActivity(mails)
	env.RegisterActivity(hooks)

	var keys int
	if value, err := env.ExecuteActivity(own.RewrapKeys); err != nil || value.Get(&keys) != nil || keys != 1 {
		t.Fatalf("%d keys were wrapped anew: %v", keys, err)
	}

	var sent outbox.Result
	if value, err := env.ExecuteActivity(mails.SendDueMail); err != nil || value.Get(&sent) != nil || sent.Accepted != 1 {
		t.Fatalf("%+v, %v", sent, err)
	}

	if got := server.Received(); len(got) != 1 || got[0].To != "ada@example.com" {
		t.Errorf("%+v", got)
	}

	var delivered webhook.Result
	if value, err := env.ExecuteActivity(hooks.DeliverWebhooks); err != nil || value.Get(&delivered) != nil || delivered != (webhook.Result{}) {
		t.Errorf("%+v, %v", delivered, err)
	}

	var expired activities.Expired

	value, err := env.ExecuteActivity(own.ExpireRecords)
	if err != nil {
		t.Fatal(err)
	}

	if err := value.Get(&expired); err != nil || len(expired.Removed) != 2 || expired.Removed[0] != (ownrecords.Removed{Table: "mail", Rows: 1}) {
		t.Errorf("%+v, %v", expired, err)
	}

	// A core role that was never given a master key wraps nothing, and does not fail.
	if keys, err := (&activities.OwnRecords{Steward: db}).RewrapKeys(t.Context()); err != nil || keys != 0 {
		t.Errorf("%d, %v", keys, err)
	}
}

// TestRecordsThatStayAreAFailure: what is past its end and cannot be removed fails the
// step, and what goes at last is a success.
func TestRecordsThatStayAreAFailure(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	own := &activities.OwnRecords{Steward: db, Clock: clocks.Fixed(at)}

	run := func(sql string) {
		t.Helper()

		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}

	run(`insert into staff (id, handle, role, since) values ('stf_' || repeat('a', 26), 'support-1', 'support', now())`)
	run(`insert into access_log (at, staff, credential, role, operation, subject, ends_at) values
		('2025-11-22', 'stf_' || repeat('a', 26), 'tok_' || repeat('a', 26), 'support', 'get-account', '7', '2026-11-22')`)
	run(`create function keep_it() returns trigger language plpgsql as 'begin return null; end'`)
	run(`create trigger keep_it before delete on access_log for each row execute function keep_it()`)

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(own)

	if _, err := env.ExecuteActivity(own.ExpireRecords); err == nil || !strings.Contains(err.Error(), failure.Lookup(failure.RecordsLeft).Text) {
		t.Errorf("a row was left: %v", err)
	}

	run(`drop trigger keep_it on access_log`)

	var expired activities.Expired
	if value, err := env.ExecuteActivity(own.ExpireRecords); err != nil || value.Get(&expired) != nil ||
		len(expired.Removed) != 1 || expired.Removed[0] != (ownrecords.Removed{Table: "access_log", Rows: 1}) {
		t.Errorf("%+v, %v", expired, err)
	}
}

// ticking is a clock that goes on by a second each time that somebody looks at it.
type ticking struct{ now time.Time }

// Now implements clocks.Clock.
func (c *ticking) Now() time.Time {
	c.now = c.now.Add(time.Second)

	return c.now
}

// TestWhatComesDueMeanwhileIsNotLeft: there is always a row that comes to its end between
// the removal and the proof. It goes with the next run, and this one has not failed.
func TestWhatComesDueMeanwhileIsNotLeft(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	own := &activities.OwnRecords{Steward: db, Clock: &ticking{now: at}}

	for _, sql := range []string{
		`insert into staff (id, handle, role, since) values ('stf_' || repeat('a', 26), 'support-1', 'support', now())`,
		`insert into access_log (at, staff, credential, role, operation, subject, ends_at)
			select '2025-11-22', 'stf_' || repeat('a', 26), 'tok_' || repeat('a', 26), 'support', 'get-account', '7',
				timestamptz '2026-11-22 12:00Z' + interval '1 second' * n from generate_series(1, 60) as n`,
	} {
		if _, err := db.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}

	var suite testsuite.WorkflowTestSuite

	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(own)

	var expired activities.Expired
	if value, err := env.ExecuteActivity(own.ExpireRecords); err != nil || value.Get(&expired) != nil ||
		len(expired.Removed) != 1 || expired.Removed[0] != (ownrecords.Removed{Table: "access_log", Rows: 1}) {
		t.Errorf("%+v, %v", expired, err)
	}
}
