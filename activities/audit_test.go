package activities_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/activities"
	"steward/internal/access"
	"steward/internal/alert"
	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/heartbeat"
	"steward/internal/ids"
	"steward/internal/ledger"
	"steward/internal/ledger/ledgertest"
	"steward/internal/ledger/seal"
	"steward/internal/metrics"
	"steward/internal/outbox"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/task"
)

// secret stands in the heartbeat URLs of these tests and must never come out.
const secret = "s3cr3t-canary"

// noon is when the world of a test is judged first: today's backups were due at 04:30.
func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

type movingClock struct {
	mu  sync.Mutex
	now time.Time // owned by mu
}

func (c *movingClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()

	return c.now
}

func (c *movingClock) move(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()

	c.now = c.now.Add(by)
}

// auditWorld is everything that an audit touches, the core role's own rights included.
type auditWorld struct {
	*activities.Audits

	admin  *postgres.DB
	mirror *ledgertest.Memory
	signer note.Signer
	clock  *movingClock
	log    *bytes.Buffer
	beats  map[promise.Name]*atomic.Int32
	status *atomic.Int32 // what heartbeats answer
}

func newAuditWorld(t *testing.T, file string) *auditWorld {
	t.Helper()

	rules, err := policy.Load("../internal/policy/testdata/"+file, policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	at := pgtest.Steward(t)
	signer, key := ledgertest.Keys(t)
	w := &auditWorld{
		admin: openSteward(t, at), mirror: ledgertest.NewMemory(), signer: signer, clock: &movingClock{now: noon()}, log: &bytes.Buffer{},
		beats: map[promise.Name]*atomic.Int32{}, status: &atomic.Int32{},
	}
	log := slog.New(slog.NewJSONHandler(w.log, nil))
	w.Audits = &activities.Audits{
		Steward: openSteward(t, asCore(t, at)), Mirror: w.mirror, LedgerKey: key, Policy: rules, Clock: w.clock, Log: log, Patience: 0.05,
		Metrics: metrics.New(metrics.Options{Clock: w.clock, Policy: rules, Activities: []string{"AuditPromises"}}),
		Tellers: alert.Tellers(rules.Alerts, alert.Means{Log: log}), Pinger: heartbeat.New(http.DefaultTransport, 0),
	}
	w.serveBeats(t)
	w.run(t, "insert into installation (installed_at) values ($1)", noon().Add(-24*time.Hour))

	return w
}

func openSteward(t *testing.T, at string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

// asCore makes every statement run with the rights of the role that audits have
// in production.
func asCore(t *testing.T, at string) string {
	t.Helper()

	parsed, err := url.Parse(at)
	if err != nil {
		t.Fatal(err)
	}

	query := parsed.Query()
	query.Set("role", "steward_core")
	parsed.RawQuery = query.Encode()

	return parsed.String()
}

func (w *auditWorld) serveBeats(t *testing.T) {
	t.Helper()

	w.status.Store(http.StatusOK)
	w.Heartbeats = map[promise.Name]heartbeat.URL{}

	for _, name := range []promise.Name{promise.Backups, promise.Ledger, promise.Erasure} {
		w.beats[name] = &atomic.Int32{}
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			w.beats[name].Add(1)
			rw.WriteHeader(int(w.status.Load()))
		}))
		t.Cleanup(server.Close)

		at, err := heartbeat.ParseURL(server.URL + "/" + secret)
		if err != nil {
			t.Fatal(err)
		}

		w.Heartbeats[name] = at
	}
}

func (w *auditWorld) run(t *testing.T, sql string, args ...any) {
	t.Helper()

	if _, err := w.admin.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// drilled puts today's good backup of a database into the catalogue.
func (w *auditWorld) drilled(t *testing.T, databases ...string) {
	t.Helper()

	for _, database := range databases {
		w.run(t, `insert into backups (id, database, day, state, attempt, owner, beat_at, opened_at, snapshot_at, drilled_at, manifest_sha256)
			values ($1, $2, '2026-11-22', 'drilled', $3, 'test', $4, $4, $4, $4, 'hash')`,
			ids.New("bkp"), database, ids.New("att"), noon().Add(-9*time.Hour))
	}
}

func (w *auditWorld) audit(t *testing.T) activities.AuditResult {
	t.Helper()

	result, err := w.AuditPromises(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	return result
}

func (w *auditWorld) count(t *testing.T, sql string) (n int) {
	t.Helper()

	if err := w.admin.QueryRow(t.Context(), "select count(*) from "+sql).Scan(&n); err != nil {
		t.Fatal(err)
	}

	return n
}

func (w *auditWorld) beaten(name promise.Name) int { return int(w.beats[name].Load()) }

func judgements(result activities.AuditResult) string {
	var all []string
	for _, each := range result.Promises {
		all = append(all, each.Name+" "+each.State)
	}

	return strings.Join(all, ", ")
}

const (
	brokenEntries = "ledger.entries where kind = 'promise.broken'"
	mendedEntries = "ledger.entries where kind = 'promise.mended'"
)

func TestAllIsKept(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")

	result := w.audit(t)
	if got := judgements(result); got != "backups/app kept, backups/steward kept, ledger kept" || result.Stage != "kept" ||
		result.Alerts != 0 || result.Changes != 0 || result.Verification != "" || !result.At.Equal(noon()) {
		t.Errorf("%s: %+v", got, result)
	}

	if w.beaten(promise.Backups) != 1 || w.beaten(promise.Ledger) != 1 || w.beaten(promise.Erasure) != 0 {
		t.Errorf("beats: %d, %d, %d", w.beaten(promise.Backups), w.beaten(promise.Ledger), w.beaten(promise.Erasure))
	}

	if w.count(t, "promise_audits where kept = 3") != 1 || w.count(t, "ledger.entries") != 0 || w.log.Len() != 0 {
		t.Errorf("%s", w.log)
	}
}

// A day without a backup: at risk, then broken; each is told at once and then once a day, the
// ledger hears of the break and of its end, and the heartbeat falls silent.
func TestABrokenPromise(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "steward")

	if result := w.audit(t); judgements(result) != "backups/app at risk, backups/steward kept, ledger kept" ||
		result.Stage != "at_risk" || result.Alerts != 1 || result.Changes != 0 || w.beaten(promise.Backups) != 0 {
		t.Errorf("%+v", result)
	}

	w.clock.move(11 * time.Hour) // 23:00: the catch-up window is over

	for range 3 {
		w.audit(t)
	}

	if got := strings.Count(w.log.String(), `"code":"backups.broken"`); got != 1 || w.count(t, brokenEntries) != 1 || w.beaten(promise.Backups) != 0 {
		t.Errorf("told %d times, %d entries, %d beats\n%s", got, w.count(t, brokenEntries), w.beaten(promise.Backups), w.log)
	}

	if !strings.Contains(w.log.String(), `"runbook":"docs/runbooks.md#backups-broken"`) || !strings.Contains(w.log.String(), `"since":"2026-11-22T23:00:00Z"`) {
		t.Errorf("%s", w.log)
	}

	w.drilled(t, "app")

	result := w.audit(t)
	if result.Stage != "kept" || result.Changes != 1 || w.count(t, mendedEntries) != 1 || w.beaten(promise.Backups) != 1 {
		t.Errorf("%+v, %d beats", result, w.beaten(promise.Backups))
	}
}

func TestObserveTellsNobody(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_observe_backups.yaml")
	w.clock.move(11 * time.Hour)

	result := w.audit(t)
	if got := judgements(result); got != "backups/app observed, backups/steward observed, ledger kept" || result.Alerts != 0 ||
		w.count(t, "ledger.entries") != 0 || w.log.Len() != 0 {
		t.Errorf("%s: %+v\n%s", got, result, w.log)
	}

	// Nobody is told outside either that all is well.
	if w.beaten(promise.Backups) != 0 || w.beaten(promise.Ledger) != 1 {
		t.Errorf("beats: %d, %d", w.beaten(promise.Backups), w.beaten(promise.Ledger))
	}
}

// A promise whose first evidence is not due yet is well.
func TestAnArmedPromiseBeats(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.run(t, "update installation set installed_at = $1", noon())

	if result := w.audit(t); !strings.HasPrefix(judgements(result), "backups/app armed") || w.beaten(promise.Backups) != 1 {
		t.Errorf("%+v, %d beats", result, w.beaten(promise.Backups))
	}
}

// The ledger is verified again after a tenth of the time that a verification counts for.
func TestVerificationsAreSpaced(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	for range 7 {
		w.audit(t)
		w.clock.move(time.Hour)
	}

	if got := w.count(t, "ledger_verifications"); got != 3 {
		t.Errorf("%d verifications in 7 hours", got)
	}
}

func TestATamperedLedger(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")

	if _, err := ledger.Append(t.Context(), w.admin, ledger.Observed, noon(), ledger.ObservedBody{What: "w", Object: "o", Code: "c"}); err != nil {
		t.Fatal(err)
	}

	if _, err := seal.New(w.admin, w.mirror, w.signer, w.LedgerKey, w.clock, seal.Config{}).Seal(t.Context()); err != nil {
		t.Fatal(err)
	}

	w.mirror.Tamper(ledger.SegmentName(0, 1), []byte("nonsense"))

	result := w.audit(t)
	if !strings.HasSuffix(judgements(result), "ledger broken") || w.count(t, "ledger_verifications where not clean") != 1 ||
		w.count(t, brokenEntries) != 1 || w.beaten(promise.Ledger) != 0 || w.beaten(promise.Backups) != 1 {
		t.Errorf("%+v", result)
	}
}

// silent is a mirror that does not answer.
type silent struct{ ledger.Mirror }

func (silent) Get(context.Context, string) ([]byte, ledger.Generation, error) {
	return nil, 0, failure.Wrap(failure.StorageRefused, "reading a test's mirror", errors.New(secret))
}

// Where the mirror does not answer, the other promises are judged all the same.
func TestAMirrorThatDoesNotAnswer(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")
	w.Mirror = silent{w.mirror}

	result := w.audit(t)
	if result.Verification != failure.StorageRefused || w.count(t, "ledger_verifications") != 0 ||
		w.beaten(promise.Backups) != 1 || w.beaten(promise.Ledger) != 0 || !strings.Contains(w.log.String(), "could not be verified") {
		t.Errorf("%+v\n%s", result, w.log)
	}
}

func TestAHeartbeatThatIsNotAccepted(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")
	w.status.Store(http.StatusNotFound)

	result := w.audit(t)
	if result.HeartbeatFailures != 2 || result.Stage != "kept" || strings.Count(w.log.String(), "heartbeat_failed") != 2 || strings.Contains(w.log.String(), secret) {
		t.Errorf("%+v\n%s", result, w.log)
	}
}

// pigeon is a way to tell people that fails.
type pigeon struct{}

func (pigeon) Tell(context.Context, alert.Alert) error {
	return failure.New(failure.Unavailable, "sending a pigeon")
}

func (pigeon) Remind(context.Context, task.Task, time.Time) error {
	return failure.New(failure.Unavailable, "sending a pigeon")
}

// One way of telling that fails keeps no other from telling, and the failure is told of.
func TestAWayThatFailsKeepsNoOtherBack(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.Tellers = append([]alert.Teller{pigeon{}}, w.Tellers...)

	if _, err := w.AuditPromises(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}

	// Each of the two alerts, not the first alone.
	if got := strings.Count(w.log.String(), "a promise is at risk or broken"); got != 2 {
		t.Errorf("%d of 2 were told:\n%s", got, w.log)
	}
}

// A reminder that cannot be written keeps no other back.
func TestAReminderThatFailsKeepsNoOtherBack(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")

	if _, _, err := task.Open(t.Context(), w.admin, task.Opening{Kind: task.DeleteAccount, Subject: "42", By: "steward", At: noon().Add(-73 * time.Hour)}); err != nil {
		t.Fatal(err)
	}

	last := &counting{}
	w.Tellers = []alert.Teller{pigeon{}, last}

	if _, err := w.AuditPromises(t.Context()); !failure.Is(err, failure.Unavailable) || last.reminded != 1 {
		t.Errorf("%d reminders, %v", last.reminded, err)
	}
}

// TestAnAlertThatNobodyWantsIsNotTold: with webhooks as the only way, and no endpoint,
// a disabled one and one that filters, nobody is recorded as told, the log and a metric
// say so at each audit, and an endpoint that comes back hears it.
func TestAnAlertThatNobodyWantsIsNotTold(t *testing.T) {
	t.Parallel()

	const line = `"level":"ERROR","msg":"no webhook endpoint wants this alert: a promise is at risk or broken"`

	w := newAuditWorld(t, "working_minimal.yaml")
	logOnly := w.Tellers
	hooks := alert.Tellers([]policy.Alert{{Kind: policy.AlertWebhook}}, alert.Means{
		Steward: w.Steward, Company: "Popkit", Clock: w.clock, KeepWebhooks: 30 * 24 * time.Hour,
	})
	w.Tellers = hooks

	for n, sql := range []string{
		`select 1`,
		`insert into webhook_endpoints (id, url, secret, created_by, created_at, disabled_at, disabled_reason)
			select 'whe_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', '', 'stf', now(), current_timestamp, 'webhook_gone'`,
		`update webhook_endpoints set disabled_at = null, disabled_reason = '', types = '{task.overdue}'`,
	} {
		w.run(t, sql)
		w.log.Reset()

		if result := w.audit(t); result.Alerts != 0 || result.AlertsUnheard != 2 {
			t.Errorf("%d: %+v", n, result)
		}

		if got := strings.Count(w.log.String(), line); got != 2 {
			t.Errorf("%d: %d lines\n%s", n, got, w.log)
		}

		if got := w.count(t, `promise_audits where states::text like '%alerted_at%'`); got != 0 {
			t.Errorf("%d: %d audits say that somebody was told", n, got)
		}

		w.clock.move(5 * time.Minute)
	}

	const counted = "\n" + `steward_alerts_unheard_total{promise="backups"} 6` + "\n"
	if text := w.shown(t); !strings.Contains(text, counted) {
		t.Errorf("no%sin\n%s", counted, text)
	}

	w.run(t, `update webhook_endpoints set types = '{}'`)

	if result := w.audit(t); result.Alerts != 2 || result.AlertsUnheard != 0 || w.count(t, "webhook_deliveries") != 2 {
		t.Errorf("%+v, %d deliveries", result, w.count(t, "webhook_deliveries"))
	}

	// Told once, it is not told again five minutes later.
	w.clock.move(5 * time.Minute)

	if result := w.audit(t); result.Alerts != 0 || result.AlertsUnheard != 0 {
		t.Errorf("%+v", result)
	}

	// Another way that took it is enough, and nobody is alarmed about that.
	w.run(t, "truncate promise_audits")
	w.run(t, `update webhook_endpoints set disabled_at = now()`)
	w.Tellers = slices.Concat(hooks, logOnly)

	if result := w.audit(t); result.Alerts != 2 || result.AlertsUnheard != 0 || !strings.Contains(w.shown(t), counted) {
		t.Errorf("%+v\n%s", result, w.shown(t))
	}
}

// counting counts what it is told.
type counting struct{ told, reminded int }

func (c *counting) Tell(context.Context, alert.Alert) error {
	c.told++

	return nil
}

func (c *counting) Remind(context.Context, task.Task, time.Time) error {
	c.reminded++

	return nil
}

// What could not be told is not recorded as told.
func TestAnAlertIsNotLost(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	good := w.Tellers
	w.Tellers = []alert.Teller{pigeon{}}

	if _, err := w.AuditPromises(t.Context()); !failure.Is(err, failure.Unavailable) || w.count(t, "promise_audits") != 0 {
		t.Errorf("%v", err)
	}

	w.Tellers = good
	if result := w.audit(t); result.Alerts != 2 {
		t.Errorf("%+v", result)
	}
}

// nthCall fails one outside call, before its effect or after it.
type nthCall struct {
	mu   sync.Mutex
	left int // owned by mu
	mode faults.Mode
	kind faults.Kind
}

func (f *nthCall) Next(_ context.Context, call faults.Call) faults.Mode {
	f.mu.Lock()
	defer f.mu.Unlock()

	if call.Kind != f.kind {
		return faults.Pass
	}

	f.left--
	if f.left == 0 {
		return f.mode
	}

	return faults.Pass
}

// Whatever call fails, the next audit ends well, the break stands in the ledger
// once, and it was told at least once.
func TestEveryFailingCall(t *testing.T) {
	t.Parallel()

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()

			points := 0
			w := newAuditWorld(t, "working_minimal.yaml")
			w.clock.move(11 * time.Hour)

			for n := 1; ; n++ {
				// As before the first audit, but for the ledger, which forgets nothing.
				w.run(t, "truncate promise_audits, ledger_verifications")
				w.log.Reset()

				gate := &nthCall{left: n, mode: mode, kind: faults.SQL}
				_, err := w.AuditPromises(faults.With(t.Context(), gate))

				if err != nil && failure.CodeOf(err) == failure.Internal {
					t.Errorf("call %d has no code: %v", n, err)
				}

				w.audit(t)

				if w.count(t, brokenEntries) != 2*n || !strings.Contains(w.log.String(), "backups.broken") {
					t.Errorf("call %d: %d entries\n%s", n, w.count(t, brokenEntries), w.log)
				}

				if gate.left > 0 {
					break
				}

				points = n
			}

			t.Logf("%d points", points)

			if points < 15 {
				t.Errorf("only %d points", points)
			}
		})
	}
}

// checkReminders: a mail and an event for a task that is late, once for each day of it.
func checkReminders(t *testing.T, w *auditWorld) {
	t.Helper()

	w.run(t, `insert into webhook_endpoints (id, url, secret, created_by, created_at) values ('whe_aaaaaaaaaaaaaaaaaaaaaaaaaa', '', '', 'stf', now())`)

	logOnly := w.Tellers
	w.Tellers = alert.Tellers([]policy.Alert{{Kind: policy.AlertMail, To: "ops@popkit.example"}, {Kind: policy.AlertWebhook}}, alert.Means{
		Steward: w.Steward, Company: "Popkit", Clock: w.clock, KeepWebhooks: 30 * 24 * time.Hour,
		Box: outbox.Box{
			Keeper: newKeeper(t, casekey.GenerateMaster()), From: netmail.Address{Address: "privacy@popkit.example"},
			GiveUp: time.Hour, Keep: 30 * 24 * time.Hour,
		},
	})

	for day := 1; day <= 2; day++ {
		w.audit(t)
		w.clock.move(time.Minute)
		w.audit(t)

		mails := w.count(t, `mail where letter = 'task_overdue' and about like 'tsk_%'`)
		if events := w.count(t, `webhook_events where type = 'task.overdue' and cause like 'task/tsk_%'`); mails != day || events != day {
			t.Errorf("day %d: %d mails, %d events", day, mails, events)
		}

		w.clock.move(24 * time.Hour)
	}

	w.Tellers = logOnly
}

// TestOverdueTasksAreTold: what waits for a person past its time is counted, shown
// and told at each audit until it is done; it breaks no promise by itself.
func TestOverdueTasksAreTold(t *testing.T) {
	t.Parallel()

	w := newAuditWorld(t, "working_minimal.yaml")
	w.drilled(t, "app", "steward")

	opened, _, err := task.Open(t.Context(), w.admin, task.Opening{Kind: task.DeleteAccount, Subject: "42", By: "steward", At: noon().Add(-72 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}

	if result := w.audit(t); result.TasksOverdue != 0 || w.log.Len() != 0 {
		t.Errorf("at its due time: %+v\n%s", result, w.log)
	}

	w.clock.move(time.Minute)

	if result := w.audit(t); result.TasksOverdue != 1 || result.Stage != "kept" ||
		!strings.Contains(w.log.String(), `"msg":"tasks are overdue","kind":"account.delete","overdue":1,"since":"2026-11-22T12:00:00Z"`) {
		t.Errorf("%+v\n%s", result, w.log)
	}

	checkReminders(t, w)

	_, _, err = task.Finish(t.Context(), w.admin, task.Finishing{
		Task: opened.ID, By: ids.New("stf"), Role: access.Support, Outcome: task.Refused, At: w.clock.Now(), Keep: task.Keep,
	})
	if err != nil {
		t.Fatal(err)
	}

	if result := w.audit(t); result.TasksOverdue != 0 {
		t.Errorf("%+v", result)
	}
}
