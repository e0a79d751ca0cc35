package prometheus_test

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the company's zone, on any machine

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/mod/sumdb/note"

	"steward/internal/alert"
	"steward/internal/clocks"
	"steward/internal/erasure"
	"steward/internal/erasure/standing"
	"steward/internal/failure"
	"steward/internal/metrics"
	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/policy"
	"steward/internal/promise"
	"steward/internal/task"
	"steward/internal/webhook"
)

type rule struct {
	Alert       string
	Expr        string
	For         string
	Labels      map[string]string
	Annotations map[string]string
}

func read(t *testing.T, path string) string {
	t.Helper()

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}

func rules(t *testing.T) []rule {
	t.Helper()

	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal([]byte(read(t, "steward.rules.yml")), &file); err != nil {
		t.Fatal(err)
	}

	var all []rule
	for _, group := range file.Groups {
		all = append(all, group.Rules...)
	}

	if len(all) < 20 {
		t.Fatalf("only %d rules were read", len(all))
	}

	return all
}

func TestPromtool(t *testing.T) {
	t.Parallel()

	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed; on Debian it comes with the package prometheus, which .ci/run installs")
	}

	for _, args := range [][]string{{"check", "rules", "steward.rules.yml"}, {"test", "rules", "steward.rules.test.yml"}} {
		if output, err := exec.CommandContext(t.Context(), promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, output)
		}
	}
}

// Each alert is seen quiet and firing in the tests of promtool.
func TestEveryAlertIsTested(t *testing.T) {
	t.Parallel()

	var file struct {
		Tests []struct {
			Cases []struct {
				Alertname string
				Firing    []map[string]any `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "steward.rules.test.yml")), &file); err != nil {
		t.Fatal(err)
	}

	quiet, firing := map[string]bool{}, map[string]bool{}

	for _, test := range file.Tests {
		for _, each := range test.Cases {
			quiet[each.Alertname] = quiet[each.Alertname] || len(each.Firing) == 0
			firing[each.Alertname] = firing[each.Alertname] || len(each.Firing) > 0
		}
	}

	for _, each := range rules(t) {
		if !firing[each.Alert] || !quiet[each.Alert] && each.Alert != "Watchdog" {
			t.Errorf("%s: seen firing: %v, quiet: %v", each.Alert, firing[each.Alert], quiet[each.Alert])
		}
	}
}

// anchors are the places of docs/runbooks.md that a link can name.
func anchors(t *testing.T) []string {
	t.Helper()

	var all []string
	for _, match := range regexp.MustCompile(`<a id="([a-z-]+)"></a>\n### `).FindAllStringSubmatch(read(t, "../../docs/runbooks.md"), -1) {
		all = append(all, match[1])
	}

	return all
}

func TestEveryAlertHasItsRunbook(t *testing.T) {
	t.Parallel()

	known, used := anchors(t), map[string]bool{}

	for _, each := range rules(t) {
		anchor, ok := strings.CutPrefix(each.Annotations["runbook_url"], "docs/runbooks.md#")
		if !ok || !slices.Contains(known, anchor) || each.Annotations["summary"] == "" {
			t.Errorf("%s: no section for %q, or no summary", each.Alert, each.Annotations["runbook_url"])
		}

		used[anchor] = true

		if severity := each.Labels["severity"]; severity != "critical" && severity != "warning" && (severity != "none" || each.Alert != "Watchdog") {
			t.Errorf("%s: severity %q", each.Alert, severity)
		}

		// A restart, or one scrape that was missed, is no alarm.
		wait, err := time.ParseDuration(each.For)
		if each.Alert != "Watchdog" && (err != nil || wait < time.Minute || strings.Contains(each.Expr, "absent(") && wait < 5*time.Minute) {
			t.Errorf("%s: for %q", each.Alert, each.For)
		}
	}

	for _, anchor := range known {
		if !used[anchor] {
			t.Errorf("no alert leads to the section %s", anchor)
		}
	}
}

// The links of the log's alerts and those within the page lead somewhere too.
func TestLinks(t *testing.T) {
	t.Parallel()

	known := anchors(t)

	for _, row := range promise.Table() {
		for _, state := range []promise.State{promise.AtRisk, promise.Broken} {
			anchor := strings.TrimPrefix(alert.Runbook(row.Name, state), "docs/runbooks.md#")
			if row.Built && !slices.Contains(known, anchor) {
				t.Errorf("no section %s", anchor)
			}
		}
	}

	for _, link := range regexp.MustCompile(`\]\(#([^)]+)\)`).FindAllStringSubmatch(read(t, "../../docs/runbooks.md"), -1) {
		if !strings.Contains(read(t, "../../docs/runbooks.md"), `<a id="`+link[1]+`"></a>`) {
			t.Errorf("a link leads to #%s, which is not there", link[1])
		}
	}
}

// Each built promise has its rules.
func TestEveryBuiltPromiseIsWatched(t *testing.T) {
	t.Parallel()

	all := rules(t)

	for _, row := range promise.Table() {
		// Evidence of erasures comes when somebody asks for one, and not by the clock: its age says nothing.
		byTheClock := row.Built && row.Name != promise.Erasure

		for wanted, there := range map[string]bool{
			`steward_promise_state{promise="` + string(row.Name) + `", state="broken"}`:        row.Built,
			`steward_promise_evidence_age_seconds{promise="` + string(row.Name) + `"} >`:       byTheClock,
			`steward_promise_next_due_timestamp_seconds{promise="` + string(row.Name) + `"} >`: row.Built,
			`absent(steward_promise_state{promise="` + string(row.Name) + `"})`:                row.Built,
			`absent(steward_promise_evidence_age_seconds{promise="` + string(row.Name) + `"})`: byTheClock,
		} {
			found := slices.ContainsFunc(all, func(r rule) bool { return strings.Contains(r.Expr, wanted) })
			if found != there {
				t.Errorf("%s: a rule with %s: %v", row.Name, wanted, found)
			}
		}
	}
}

// demo is the demo company's policy, with keys of its own test.
func demo(t *testing.T) *policy.Policy {
	t.Helper()

	text := read(t, "../../policy.yaml")
	whole := read(t, "../../internal/policy/testdata/working_minimal.yaml")
	values := map[string]string{}

	for name, pattern := range map[string]string{
		"MANIFEST_KEY": `manifest: (\S+/manifest\S+)`, "LEDGER_KEY": `ledger: (\S+/ledger\S+)`,
		"DRILL_RECIPIENT": `name: drill, key: (age1\w+)`, "ESCROW_RECIPIENT": `name: safe, key: (age1\w+)`,
	} {
		values[name] = regexp.MustCompile(pattern).FindStringSubmatch(whole)[1]
	}

	// Any other key than the two of the minimal policy.
	_, certificate, err := note.GenerateKey(rand.Reader, "popkit.example/certificate")
	if err != nil {
		t.Fatal(err)
	}

	values["CERTIFICATE_KEY"] = certificate

	filled, err := policy.Fill([]byte(text), values)
	if err != nil {
		t.Fatal(err)
	}

	p, err := policy.Parse("policy.yaml", filled)
	if err != nil {
		t.Fatal(err)
	}

	return p
}

// Those of the policy, and those that the log and the doctor go by.
func TestTheNumbersAreThoseOfThePolicy(t *testing.T) {
	t.Parallel()

	p := demo(t)
	day := 24 * time.Hour

	for name, limit := range map[string]time.Duration{
		"StewardBackupsEvidenceStale": day + p.Promises.Backups.DoneWithin.Shortest(),
		"StewardLedgerEvidenceStale":  p.Promises.Ledger.VerifyEvery.Shortest(),
		"StewardMailOverdue":          outbox.Late,
		"StewardMailStuck":            outbox.Stuck,
		"StewardWebhooksOverdue":      webhook.Late,
		"StewardWebhooksStuck":        webhook.Stuck,
		"StewardOwnRecordsOverdue":    ownrecords.Grace,
		"StewardErasuresStill":        standing.Stuck,
		"StewardErasuresOverdue":      standing.Late,
		"StewardErasuresWithoutDay":   standing.Unsaid,
	} {
		at := slices.IndexFunc(rules(t), func(r rule) bool { return r.Alert == name })
		want := "> " + strconv.FormatInt(int64(limit/time.Second), 10)

		if got := rules(t)[at].Expr; !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s instead of %s", name, got, want)
		}
	}
}

// Rules name metrics that exist, and every gauge of a promise has its absent().
func TestMetricsExist(t *testing.T) {
	t.Parallel()

	m := metrics.New(metrics.Options{Clock: clocks.Fixed(time.Unix(0, 0)), Policy: demo(t), Activities: []string{"A"}})
	m.Audited(time.Unix(1, 0), []promise.Status{{Promise: promise.Ledger, State: promise.Kept, NewestEvidence: time.Unix(1, 0), NextDue: time.Unix(1, 0)}}, 0)

	m.Tasks([]task.Standing{{Kind: task.DeleteAccount}})
	m.Messages(time.Unix(1, 0), outbox.Standing{}, webhook.Standing{})
	m.OwnRecords(time.Unix(1, 0), []ownrecords.Late{{Table: "mail"}})
	m.DataMap(time.Unix(1, 0), 0, 0)
	m.Copies(time.Unix(1, 0), map[string]int{"app": 0}, nil)
	m.Erasures(time.Unix(1, 0), standing.Standing{})
	m.Residue(erasure.ResidueState{})
	m.Replay(time.Unix(1, 0), 0)

	failed := failure.New(failure.TimedOut, "x")
	m.SealFailed(failed)
	m.VerificationFailed(failed)
	m.HeartbeatFailed(promise.Backups)
	m.AlertUnheard(promise.Backups)

	door := metrics.NewRequests([]string{"get-account"}, "commit")
	door.Answered("get-account", http.StatusOK, time.Second)

	exposed := scrape(t, m.Registry()) + scrape(t, door.Registry())
	named := regexp.MustCompile(`\bsteward_[a-z_]+`)

	var everything strings.Builder

	for _, each := range rules(t) {
		everything.WriteString(each.Expr + "\n")

		for _, name := range named.FindAllString(each.Expr, -1) {
			// A counter of activities has no series before the first failure.
			if !strings.Contains(exposed, "# TYPE "+name+" ") && name != "steward_activity_failures_total" {
				t.Errorf("%s: no metric %s", each.Alert, name)
			}
		}
	}

	for _, gauge := range regexp.MustCompile(`# TYPE (steward_\w+) gauge`).FindAllStringSubmatch(exposed, -1) {
		if !strings.Contains(everything.String(), "absent("+gauge[1]) {
			t.Errorf("nothing notices when %s is gone", gauge[1])
		}
	}
}

func scrape(t *testing.T, from prometheus.Gatherer) string {
	t.Helper()

	recorder := httptest.NewRecorder()
	promhttp.HandlerFor(from, promhttp.HandlerOpts{}).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

	text, err := io.ReadAll(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}

	return string(text)
}
