package metrics_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/metrics"
	"steward/internal/policy"
	"steward/internal/promise"
)

// canary is what must never become a label.
const canary = "ada@example.com"

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func demo(t *testing.T) *policy.Policy {
	t.Helper()

	p, err := policy.Load("../policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

func newMetrics(t *testing.T, clock clocks.Clock) *metrics.Metrics {
	t.Helper()

	return metrics.New(metrics.Options{
		Clock: clock, Policy: demo(t), Activities: []string{"AuditPromises"}, Version: "v1", Commit: "abc", Role: "core",
	})
}

// scrape gives the lines of /metrics that begin with steward_, sorted.
func scrape(t *testing.T, m *metrics.Metrics) []string {
	t.Helper()

	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(m.Registry(), promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

	text, err := io.ReadAll(recorder.Body)
	if err != nil || recorder.Code != http.StatusOK {
		t.Fatalf("%d: %s %v", recorder.Code, text, err)
	}

	var lines []string

	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "steward_") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}

	return lines
}

func has(t *testing.T, lines []string, wanted ...string) {
	t.Helper()

	for _, line := range wanted {
		if !slices.Contains(lines, line) {
			t.Errorf("%s is not in\n%s", line, strings.Join(lines, "\n"))
		}
	}
}

func statuses() []promise.Status {
	return []promise.Status{
		{Promise: promise.Backups, Item: "app", State: promise.AtRisk, NewestEvidence: start().Add(-time.Hour), NextDue: start().Add(time.Minute)},
		{Promise: promise.Backups, Item: "steward", State: promise.Armed},
		{Promise: promise.Ledger, State: promise.Kept, NewestEvidence: start()},
	}
}

func TestBeforeTheFirstAuditThereIsNothing(t *testing.T) {
	t.Parallel()

	lines := scrape(t, newMetrics(t, clocks.Fixed(start())))
	has(t, lines, `steward_build_info{commit="abc",role="core",version="v1"} 1`)

	for _, line := range lines {
		if strings.HasPrefix(line, "steward_promise_") || strings.HasPrefix(line, "steward_ledger_unsealed") {
			t.Error(line)
		}
	}
}

// moving is a clock that a test sets.
type moving struct{ now time.Time }

func (c *moving) Now() time.Time { return c.now }

func TestAudited(t *testing.T) {
	t.Parallel()

	clock := &moving{now: start()}
	m := newMetrics(t, clock)
	m.Audited(start(), statuses(), 3)

	lines := scrape(t, m)
	has(t, lines,
		`steward_promise_state{item="app",promise="backups",state="at_risk"} 1`,
		`steward_promise_state{item="app",promise="backups",state="kept"} 0`,
		`steward_promise_state{item="app",promise="backups",state="broken"} 0`,
		`steward_promise_state{item="steward",promise="backups",state="armed"} 1`,
		`steward_promise_state{item="",promise="ledger",state="kept"} 1`,
		`steward_promise_evidence_age_seconds{item="app",promise="backups"} 3600`,
		`steward_promise_evidence_age_seconds{item="",promise="ledger"} 0`,
		`steward_promise_next_due_timestamp_seconds{item="app",promise="backups"} 1.79531646e+09`,
		`steward_promise_audit_last_run_timestamp_seconds 1.7953164e+09`,
		`steward_ledger_unsealed_entries 3`)

	for _, line := range lines {
		if strings.Contains(line, `evidence_age_seconds{item="steward"`) {
			t.Errorf("an age without evidence: %s", line)
		}
	}

	// The age grows while nothing else happens.
	clock.now = start().Add(time.Hour)
	has(t, scrape(t, m), `steward_promise_evidence_age_seconds{item="app",promise="backups"} 7200`)

	// The next audit takes the place of this one.
	m.Audited(clock.now, statuses()[2:], 0)

	for _, line := range scrape(t, m) {
		if strings.Contains(line, `item="app"`) {
			t.Error(line)
		}
	}
}

func TestCounters(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))

	// The first one is an increase too.
	has(t, scrape(t, m), `steward_alerts_unheard_total{promise="backups"} 0`, `steward_alerts_unheard_total{promise="ledger"} 0`)

	m.SealFailed(nil)
	m.SealFailed(failure.New(failure.LedgerMoved, "sealing"))
	m.VerificationFailed(nil)
	m.VerificationFailed(failure.New(failure.TimedOut, "verifying"))
	m.HeartbeatFailed(promise.Backups)
	m.HeartbeatFailed(promise.Backups)
	m.AlertUnheard(promise.Backups)

	has(t, scrape(t, m),
		`steward_ledger_seal_errors_total{code="ledger_moved"} 1`,
		`steward_ledger_verification_failures_total{code="timed_out"} 1`,
		`steward_heartbeat_failures_total{promise="backups"} 2`,
		`steward_alerts_unheard_total{promise="backups"} 1`)
}

// What left the policy is one item, in the worst state of any of them, until nothing
// of it is stored.
func TestWhatLeftThePolicyIsOneItem(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))
	left := func(name string, state promise.State, due time.Time) promise.Status {
		return promise.Status{Promise: promise.Backups, Item: name, State: state, NextDue: due, LeftPolicy: true}
	}

	all := []promise.Status{
		left("a", promise.Kept, start().Add(2*time.Minute)), left("b", promise.Broken, time.Time{}), left("c", promise.AtRisk, time.Time{}),
		left("d", promise.Kept, start().Add(time.Minute)),
	}
	m.Audited(start(), append(statuses(), all...), 0)

	lines := scrape(t, m)
	has(t, lines,
		`steward_promise_state{item="(left the policy)",promise="backups",state="broken"} 1`,
		`steward_promise_state{item="(left the policy)",promise="backups",state="kept"} 0`,
		`steward_promise_next_due_timestamp_seconds{item="(left the policy)",promise="backups"} 1.79531646e+09`)

	if text := strings.Join(lines, "\n"); strings.Contains(text, `item="a"`) || strings.Contains(text, `age_seconds{item="(left`) {
		t.Error(text)
	}

	m.Audited(start(), append(statuses(), all[0], all[2]), 0)
	has(t, scrape(t, m), `steward_promise_state{item="(left the policy)",promise="backups",state="at_risk"} 1`)

	m.Audited(start(), append(statuses(), all[0]), 0)
	has(t, scrape(t, m), `steward_promise_state{item="(left the policy)",promise="backups",state="kept"} 1`)

	m.Audited(start(), statuses(), 0)

	if text := strings.Join(scrape(t, m), "\n"); strings.Contains(text, "left the policy") {
		t.Error(text)
	}
}

// Whatever is handed in, labels come from what was known at the start.
func TestNoCanaryBecomesALabel(t *testing.T) {
	t.Parallel()

	m := newMetrics(t, clocks.Fixed(start()))
	bad := slices.Concat(statuses()[:2], []promise.Status{
		{Promise: canary, State: promise.Broken, NewestEvidence: start(), NextDue: start()},
		{Promise: promise.Backups, Item: canary, State: promise.Broken, NewestEvidence: start(), NextDue: start()},
		{Promise: promise.Ledger, State: canary, Reason: canary, NewestEvidence: start(), NextDue: start()},
	})
	m.Audited(start(), bad, 0)
	m.SealFailed(failure.New(canary, canary))
	m.SealFailed(errors.New(canary))
	m.VerificationFailed(errors.New(canary))
	m.HeartbeatFailed(canary)
	intercept(t, m, canary, errors.New(canary))
	intercept(t, m, "AuditPromises", failure.New(canary, canary))

	lines := scrape(t, m)
	if text := strings.Join(lines, "\n"); strings.Contains(text, canary) || strings.Contains(text, "example") {
		t.Error(text)
	}

	has(t, lines,
		`steward_heartbeat_failures_total{promise="other"} 1`,
		`steward_ledger_seal_errors_total{code="internal"} 2`,
		`steward_activity_failures_total{activity="other",code="internal"} 1`,
		`steward_activity_failures_total{activity="AuditPromises",code="internal"} 1`)
}

// Every metric has help, and a name in the form that promtool asks for.
func TestNames(t *testing.T) {
	t.Parallel()

	families, err := newMetrics(t, clocks.Fixed(start())).Registry().Gather()
	if err != nil {
		t.Fatal(err)
	}

	for _, family := range families {
		if !regexp.MustCompile(`^[a-z][a-z0-9_]*$`).MatchString(family.GetName()) || family.GetHelp() == "" {
			t.Errorf("%s", family.GetName())
		}
	}
}
