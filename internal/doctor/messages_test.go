package doctor_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"steward/internal/certtest"
	"steward/internal/clocks"
	"steward/internal/doctor"
	"steward/internal/doctor/doctortest"
	"steward/internal/failure"
	"steward/internal/mail/mailtest"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// visitMessages looks at a world that has a policy and nothing else, but for what change
// gives it.
func visitMessages(t *testing.T, change func(*doctor.Doctor)) doctor.Report {
	t.Helper()

	w := doctortest.NewPolicy(t)
	w.Policy.Promises.Backups.Databases, w.Policy.Promises.Backups.Files = nil, nil

	d := &doctor.Doctor{
		Config: w.Config, Policy: w.Policy, Clock: w.Clock, System: clocks.System(), Namespace: "test",
		Dial: func(context.Context) (client.Client, error) {
			return nil, failure.New(failure.TemporalUnavailable, "reaching Temporal")
		},
	}
	change(d)

	return d.Run(t.Context())
}

// password is what no report may repeat.
const password = "s3cr3t-canary"

func atServer(server *mailtest.Server) func(*doctor.Doctor) {
	return func(d *doctor.Doctor) {
		d.Policy.Mail = &policy.Mail{From: "privacy@example.com"}
		d.Config.SMTP = server.URL()
	}
}

func TestTheMailServer(t *testing.T) {
	t.Parallel()

	look := func(change func(*doctor.Doctor)) doctor.Check {
		return find(t, visitMessages(t, change), "mail", "server")
	}

	if check := look(func(d *doctor.Doctor) { d.Config.SMTP = "smtp://127.0.0.1:1" }); check.State != doctor.Skipped || !strings.Contains(check.Says, "no section mail") {
		t.Errorf("a policy without mail: %+v", check)
	}

	if check := look(func(d *doctor.Doctor) { d.Policy.Mail = &policy.Mail{} }); check.State != doctor.Skipped ||
		!strings.HasPrefix(check.Says, "not looked at: STEWARD_SMTP_URL") {
		t.Errorf("a process that has no address: %+v", check)
	}

	open := mailtest.Start(t, mailtest.Options{})
	if check := look(atServer(open)); check.State != doctor.OK || !strings.Contains(check.Says, "no TLS, on this machine, no login is set") {
		t.Errorf("%+v", check)
	}

	server := mailtest.Start(t, mailtest.Options{Login: "steward:" + password})
	if check := look(atServer(server)); check.State != doctor.OK || !strings.Contains(check.Says, "lets us log in") {
		t.Errorf("%+v", check)
	}

	// It says hello, logs in and takes its leave; no mail is begun.
	if asked := server.Asked(); slices.Contains(asked, "mail") || !slices.Contains(asked, "auth") || len(server.Received()) != 0 {
		t.Errorf("it was asked %v", asked)
	}
}

func TestAMailServerThatDoesNotWork(t *testing.T) {
	t.Parallel()

	unknown := mailtest.Start(t, mailtest.Options{Certificate: certtest.New(t, 1, time.Now().Add(time.Hour)).Server(t)})
	stranger := mailtest.Start(t, mailtest.Options{Login: "steward:" + password})
	silent, hostile, gone := mailtest.Start(t, mailtest.Options{}), mailtest.Start(t, mailtest.Options{}), mailtest.Start(t, mailtest.Options{})

	silent.Script("quit", mailtest.Drop)
	hostile.Script("greeting", "554 go away "+password)
	gone.Script("greeting", mailtest.Drop)

	for name, c := range map[string]struct {
		server *mailtest.Server
		url    string
		want   failure.Code
		state  doctor.State
		says   string
	}{
		"no address":   {nil, "mail:" + password, failure.ConfigInvalid, doctor.Fail, ""},
		"nobody there": {nil, "smtp://127.0.0.1:1", failure.Unavailable, doctor.Fail, "connecting to the mail server"},
		"hangs up":     {gone, "", failure.Unavailable, doctor.Fail, "greeting the mail server"},
		"not us":       {hostile, "", failure.MailServerRefused, doctor.Fail, "greeting the mail server"},
		"wrong login": {
			nil, strings.Replace(stranger.URL(), password, "other-"+password, 1), failure.Unauthorised, doctor.Fail, "logging in at the mail server",
		},
		"certificate": {unknown, "", failure.Unavailable, doctor.Fail, "beginning TLS"},
		"no goodbye":  {silent, "", "", doctor.Warn, "goodbye"},
	} {
		check := find(t, visitMessages(t, func(d *doctor.Doctor) {
			d.Policy.Mail = &policy.Mail{From: "privacy@example.com"}

			if d.Config.SMTP = c.url; c.server != nil {
				d.Config.SMTP = c.server.URL()
			}
		}), "mail", "server")

		if check.State != c.state || check.Code != c.want || !strings.Contains(check.Says, c.says) || check.Hint == "" ||
			strings.Contains(check.Says+check.Hint, password) {
			t.Errorf("%s: %+v", name, check)
		}
	}
}

// TestWhatWaitsInTheDatabase spoils mail, deliveries and own records one after the other.
func TestWhatWaitsInTheDatabase(t *testing.T) {
	t.Parallel()

	at := pgtest.Steward(t)

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	run := func(sql string, args ...any) {
		t.Helper()

		if _, err := db.Exec(t.Context(), sql, args...); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}

	look := func(url, area, name string) doctor.Check {
		return find(t, visitMessages(t, func(d *doctor.Doctor) { d.Config.StewardDatabase = url }), area, name)
	}

	const mail = `insert into mail (id, message_id, cause, letter, language, recipient, content, state, queued_at, next_at, give_up_at, settled_at, ends_at)
		values ('mail_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'mail_aaaaaaaaaaaaaaaaaaaaaaaaaa@b.example', 'a', 'test', 'en', '', '', $1, now() - $2::interval, now() + $3::interval, now(),
			case when $1 = 'refused' then now() end, now() + interval '1 day')`

	const delivery = `with e as (insert into webhook_endpoints (id, url, secret, created_by, created_at, disabled_at)
			values ('whe_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', '', 'stf', now(), case when $1 = 'disabled' then now() end) returning id),
		v as (insert into webhook_events (id, type, cause, body, at, ends_at)
			values ('whv_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'task.overdue', 'a', '{}', now() - interval '9 h', now() + interval '9 h') returning id)
		insert into webhook_deliveries (id, event, endpoint, state, created_at, next_at, settled_at, ends_at)
			select 'whd_aaaaaaaaaaaaaaaaaaaaaaaaaa', v.id, e.id, case when $1 = 'given_up' then $1 else 'waiting' end,
				now() - $2::interval, now() + $3::interval, case when $1 = 'given_up' then now() end, now() + interval '9 h' from e, v`

	//nolint:dupword // two times
	const looked = `insert into mail_events (id, mail, kind, provider, reference, at, received_at, ends_at)
		values ('mev_aaaaaaaaaaaaaaaaaaaaaaaaaa', 'mail_aaaaaaaaaaaaaaaaaaaaaaaaaa', $1, 'postmark', 'a', now(), now(), now() - $2::interval + $3::interval)`

	for _, c := range []struct {
		area, name, sql string
		args            []any
		state           doctor.State
		says            string
	}{
		{"mail", "outbox", mail, []any{"waiting", "20 min", "-20 min"}, doctor.Fail, "no mail is being sent"},
		{"mail", "outbox", mail, []any{"waiting", "5 h", "1 h"}, doctor.Warn, "no mail server takes a mail"},
		{"mail", "outbox", mail, []any{"refused", "5 h", "-5 h"}, doctor.Warn, "1 mails of the last day did not arrive"},
		{"mail", "outbox", mail, []any{"accepted", "5 h", "-5 h"}, doctor.OK, "none of the last day failed"},
		{"webhooks", "deliveries", delivery, []any{"waiting", "20 min", "-20 min"}, doctor.Fail, "nothing is being delivered"},
		{"webhooks", "deliveries", delivery, []any{"waiting", "7 h", "1 h"}, doctor.Warn, "an endpoint does not take"},
		{"webhooks", "deliveries", delivery, []any{"given_up", "7 h", "-7 h"}, doctor.Warn, "1 were given up"},
		{"webhooks", "deliveries", delivery, []any{"disabled", "7 h", "-7 h"}, doctor.Warn, "1 endpoints said that they are gone"},
		{"records", "end dates", "", nil, doctor.OK, "nothing in"},
	} {
		run("delete from mail")
		run("delete from webhook_endpoints")
		run("delete from webhook_events")

		if c.args != nil {
			run(c.sql, c.args...)
		}

		check := look(at, c.area, c.name)
		if check.State != c.state || !strings.Contains(check.Says, c.says) || (check.State == doctor.OK) == (check.Hint != "") {
			t.Errorf("%v: %+v", c.args, check)
		}
	}

	run(mail, "accepted", "5 h", "-5 h")
	run(looked, "delivered", "3 h", "0 h")

	if check := look(at, "records", "end dates"); check.Code != failure.PromiseBroken || !strings.Contains(check.Says, "rows of mail_events are 3h") {
		t.Errorf("%+v", check)
	}

	// A role that has other work is not told, and that is no failure; neither is a
	// database that has said what is wrong elsewhere.
	empty := pgtest.Database(t)

	for _, one := range [][2]string{{"mail", "outbox"}, {"webhooks", "deliveries"}, {"records", "end dates"}} {
		for url, says := range map[string]string{pgtest.Member(t, at, "steward_drill"): "may not read it", "": "STEWARD_DATABASE_URL", empty: "lacks migrations"} {
			if check := look(url, one[0], one[1]); check.State != doctor.Skipped || !strings.HasPrefix(check.Says, "not looked at: ") || !strings.Contains(check.Says, says) {
				t.Errorf("%+v", check)
			}
		}

		if check := look("postgres://127.0.0.1:1/x", one[0], one[1]); check.Code != failure.Unavailable {
			t.Errorf("%+v", check)
		}
	}
}
