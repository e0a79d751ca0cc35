package activities_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/ids"
	"steward/internal/postgres"
)

// shown is what the metrics of a world show.
func (w *auditWorld) shown(t *testing.T) string {
	t.Helper()

	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(w.Metrics.Registry(), promhttp.HandlerOpts{}).
		ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

	text, err := io.ReadAll(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}

// TestAnAuditWatchesMailWebhooksAndOwnRecords: with the rights of the core role it shows
// how they stand and says what is wrong, and nothing once it is mended.
func TestAnAuditWatchesMailWebhooksAndOwnRecords(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")
	w.audit(t)

	if text := w.shown(t); w.log.Len() != 0 || !strings.Contains(text, "\nsteward_mail_overdue_seconds 0\n") ||
		!strings.Contains(text, "\nsteward_webhook_overdue_seconds 0\n") ||
		!strings.Contains(text, "\n"+`steward_erasures_open{stage="blocked"} 0`+"\n") || !strings.Contains(text, "\nsteward_erasures_still_seconds 0\n") ||
		!strings.Contains(text, "\n"+`steward_own_records_overdue_seconds{table="access_log"} 0`+"\n") {
		t.Errorf("all is well: %s\n%s", w.log, text)
	}

	spoil(t, w)
	w.audit(t)

	text := w.shown(t)
	for _, wanted := range []string{
		"steward_mail_overdue_seconds 18000", "steward_mail_oldest_waiting_seconds 18000", `steward_mail_failed{state="bounced"} 1`,
		"steward_webhook_overdue_seconds 28800", "steward_webhook_oldest_waiting_seconds 28800", "steward_webhook_given_up 1",
		`steward_erasures_open{stage="blocked"} 1`, `steward_erasures_open{stage="held"} 0`, "steward_erasures_still_seconds 25200",
		"steward_erasures_overdue_seconds 90000",
		`steward_erasures_without_day{code="no_connector"} 1`, `steward_erasures_without_day_seconds{code="no_connector"} 360000`,
		`steward_erasures_without_day{code="copy_undeclared"} 1`, `steward_erasures_without_day_seconds{code="copy_undeclared"} 90000`,
		`steward_erasures_without_day{code="other"} 0`, `steward_erasures_without_day_seconds{code="other"} 0`,
		"steward_webhook_endpoints_disabled 1", `steward_own_records_overdue_seconds{table="webhook_events"} 10800`,
	} {
		if !strings.Contains(text, "\n"+wanted+"\n") {
			t.Errorf("no %s in\n%s", wanted, text)
		}
	}

	log := w.log.String()
	for _, anchor := range []string{
		"mail-overdue", "mail-stuck", "mail-failed", "webhooks-overdue", "webhooks-stuck", "webhooks-given-up",
		"webhook-endpoint-disabled", "records-overdue", "erasures-blocked", "erasures-still", "erasures-overdue", "erasures-without-day",
	} {
		if strings.Count(log, `"runbook":"docs/runbooks.md#`+anchor+`"`) != 1 {
			t.Errorf("not one line leads to %s in\n%s", anchor, log)
		}
	}

	if strings.Contains(log, "person") {
		t.Errorf("the log tells more than it should:\n%s", log)
	}

	w.run(t, "delete from mail")
	w.run(t, "delete from webhook_endpoints")
	w.run(t, "delete from webhook_events")
	w.run(t, `with put as (select set_config('session_replication_role', 'replica', true)) delete from erasures using put`)
	w.run(t, "delete from erasure_stores")
	w.log.Reset()
	w.audit(t)

	if w.log.Len() != 0 || !strings.Contains(w.shown(t), "\nsteward_mail_overdue_seconds 0\n") {
		t.Errorf("mended: %s", w.log)
	}
}

// TestWhatCannotBeWatchedStopsNoJudgement: a lock on the mails and a table that is not
// there are told in the log; the promises are judged, and the metrics stay.
func TestWhatCannotBeWatchedStopsNoJudgement(t *testing.T) {
	t.Parallel()

	const line = `"level":"ERROR","msg":"how mail, webhooks, erasures and own records stand could not be read"`

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")
	spoil(t, w)
	w.audit(t)

	judge := func(t *testing.T) {
		t.Helper()

		w.log.Reset()
		w.clock.move(5 * time.Minute)

		at := w.clock.Now()
		if result := w.audit(t); !result.At.Equal(at) || len(result.Promises) == 0 || w.count(t, "promise_audits") == 0 {
			t.Errorf("%+v", result)
		}

		if strings.Count(w.log.String(), line) != 1 || !strings.Contains(w.shown(t), "\nsteward_mail_overdue_seconds 18000\n") {
			t.Errorf("%s\n%s", w.log, w.shown(t))
		}
	}

	err := w.admin.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, err := tx.Exec(ctx, "lock table mail in access exclusive mode")
		if err == nil {
			judge(t)
		}

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	w.run(t, "alter table webhook_deliveries rename to gone")
	judge(t)
}

// spoil makes everything wrong that is watched.
func spoil(t *testing.T, w *auditWorld) {
	t.Helper()

	ago := func(hours int) time.Time { return noon().Add(-time.Duration(hours) * time.Hour) }
	later := noon().Add(30 * 24 * time.Hour)

	stand(t, w, "blocked", ago(1), nil)
	stand(t, w, "executing", ago(7), nil)
	stand(t, w, "waiting", ago(60), new(ago(25)))
	unsaid(t, w, stand(t, w, "waiting", ago(100), nil), "no_connector", "")
	unsaid(t, w, stand(t, w, "waiting", ago(25), nil), "", "copy_undeclared")

	for state, queued := range map[string]time.Time{"waiting": ago(5), "bounced": ago(30), "accepted": ago(40)} {
		id := ids.New("mail")
		w.run(t, `insert into mail (id, message_id, cause, letter, language, recipient, content, state, queued_at, next_at, give_up_at, settled_at, ends_at)
			values ($1, $1 || '@popkit.example', $1, 'test', 'en', 'person@example.com', '', $2, $3, $3, $4,
				case when $2 = 'bounced' then $5::timestamptz end, $4)`, id, state, queued, later, ago(1))
	}

	w.run(t, `insert into webhook_events (id, type, cause, body, at, ends_at) values ($1, 'task.overdue', 'a', '{}', $2, $3)`,
		"whv_aaaaaaaaaaaaaaaaaaaaaaaaaa", ago(8), ago(3))

	for i, endpoint := range []string{"whe_aaaaaaaaaaaaaaaaaaaaaaaaaa", "whe_bbbbbbbbbbbbbbbbbbbbbbbbbb", "whe_cccccccccccccccccccccccccc"} {
		w.run(t, `insert into webhook_endpoints (id, url, secret, created_by, created_at, disabled_at)
			values ($1, '', '', 'stf', $2, case when $3 = 1 then $2::timestamptz end)`, endpoint, ago(9), i)
		w.run(t, `insert into webhook_deliveries (id, event, endpoint, created_at, next_at, state, settled_at, ends_at)
			values ($1, $2, $3, $4, $4, $5, case when $5 = 'given_up' then $4::timestamptz end, $6)`,
			ids.New("whd"), "whv_aaaaaaaaaaaaaaaaaaaaaaaaaa", endpoint, ago(8+i), []string{"waiting", "waiting", "given_up"}[i], later)
	}
}

// unsaid puts a store that failed, or cannot say when the subject of an erasure is gone.
func unsaid(t *testing.T, w *auditWorld, id, failed, unknown string) {
	t.Helper()

	w.run(t, `insert into erasure_stores (erasure, store, outcome, code, gone_code, erased_at)
		values ($1, 'a store', case when $2 = '' then 'expires' else 'failed' end, $2, $3, now())`, id, failed, unknown)
}

// stand puts an erasure that has stood at its stage since then; nobody asks how it came there.
func stand(t *testing.T, w *auditWorld, stage string, since time.Time, goneBy *time.Time) (id string) {
	t.Helper()

	id = ids.New("era")
	w.run(t, `with put as (select set_config('session_replication_role', 'replica', true))
		insert into erasures (id, cause, reason, approval, kind, account, mode, language, asked_by, opened_by, opened_at, staged_at, stage, stopped_in, gone_by, tombstone)
		select $1, $1, 'account_delete', true, 'person', '', 'enforce', 'en', 'a', 'a', $3, $3, $2, case when $2 = 'blocked' then 'closing' else '' end, $4,
			case when $2 in ('executing', 'waiting') then $1 end
		from put`, id, stage, since, goneBy)

	return id
}
