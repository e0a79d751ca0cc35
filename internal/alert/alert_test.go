package alert_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"steward/internal/alert"
	"steward/internal/evidence/history"
	"steward/internal/policy"
	"steward/internal/promise"
)

func start() time.Time { return time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC) }

func status(state promise.State) []promise.Status {
	return []promise.Status{{Promise: promise.Backups, Item: "app", Mode: promise.Enforce, State: state}}
}

// day audits every hour and gives the hours in which people are told.
func day(states func(hour int) promise.State, hours int) (told []int) {
	var audit history.Audit

	for hour := range hours {
		statuses := status(states(hour))
		next, _ := audit.Next(statuses, nil, start().Add(time.Duration(hour)*time.Hour))

		next, alerts := alert.Due(next, statuses)
		if len(alerts) > 0 {
			told = append(told, hour)
		}

		audit = next
	}

	return told
}

func TestOnceADayPerState(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		states func(int) promise.State
		told   []int
	}{
		"kept":   {func(int) promise.State { return promise.Kept }, nil},
		"broken": {func(int) promise.State { return promise.Broken }, []int{0, 24, 48}},
		"at risk, then broken": {func(hour int) promise.State {
			if hour < 3 {
				return promise.AtRisk
			}

			return promise.Broken
		}, []int{0, 3, 27}},
		"again after it was kept": {func(hour int) promise.State {
			if hour == 2 {
				return promise.Kept
			}

			return promise.Broken
		}, []int{0, 3, 27}},
		"observed": {func(int) promise.State { return promise.Observed }, nil},
		"armed":    {func(int) promise.State { return promise.Armed }, nil},
	} {
		if told := day(test.states, 50); !cmp.Equal(test.told, told) {
			t.Errorf("%s: %v instead of %v", name, told, test.told)
		}
	}
}

func TestAClockSetBackTellsAgain(t *testing.T) {
	t.Parallel()

	audit, _ := history.Audit{}.Next(status(promise.Broken), nil, start())
	audit, _ = alert.Due(audit, status(promise.Broken))
	back, _ := audit.Next(status(promise.Broken), nil, start().Add(-time.Hour))

	if _, alerts := alert.Due(back, status(promise.Broken)); len(alerts) != 1 {
		t.Errorf("%+v", alerts)
	}
}

func TestAnItemThatLeftThePolicyIsNotTold(t *testing.T) {
	t.Parallel()

	audit, _ := history.Audit{}.Next(status(promise.Broken), nil, start())
	gone, _ := audit.Next(nil, nil, start().Add(time.Hour))

	if _, alerts := alert.Due(gone, nil); len(alerts) != 0 {
		t.Errorf("%+v", alerts)
	}
}

// The audit that is handed in stays as it was.
func TestDueChangesNothing(t *testing.T) {
	t.Parallel()

	audit, _ := history.Audit{}.Next(status(promise.Broken), nil, start())
	if told, _ := alert.Due(audit, status(promise.Broken)); !audit.Standings[0].AlertedAt.IsZero() || told.Standings[0].AlertedAt.IsZero() {
		t.Errorf("%+v, %+v", audit, told)
	}
}

func TestTheLine(t *testing.T) {
	t.Parallel()

	for state, want := range map[promise.State][3]string{
		promise.Broken: {"ERROR", "backups.broken", "docs/runbooks.md#backups-broken"},
		promise.AtRisk: {"WARN", "backups.at_risk", "docs/runbooks.md#backups-at-risk"},
	} {
		var out bytes.Buffer

		audit, _ := history.Audit{}.Next(status(state), nil, start())
		_, alerts := alert.Due(audit, status(state))

		for _, teller := range alert.Tellers([]policy.Alert{{Kind: policy.AlertLog}, {Kind: "pigeon"}}, alert.Means{Log: slog.New(slog.NewJSONHandler(&out, nil))}) {
			if err := teller.Tell(t.Context(), alerts[0]); err != nil {
				t.Fatal(err)
			}
		}

		var line struct{ Level, Code, Promise, Item, State, Since, Runbook string }
		if err := json.Unmarshal(out.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v", out.String(), err)
		}

		if got := [3]string{line.Level, line.Code, line.Runbook}; got != want ||
			line.Promise != "backups" || line.Item != "app" || line.Since != "2026-11-22T03:00:00Z" || line.State != string(state) {
			t.Errorf("%s", out.String())
		}
	}
}
