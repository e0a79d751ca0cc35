// Package alert tells people which promises are at risk or broken: at once when
// the state changes, then once a day while it stays. A promise in observe mode
// alerts nobody.
package alert

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"steward/internal/clocks"
	"steward/internal/evidence/history"
	"steward/internal/letter"
	"steward/internal/outbox"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// Every is how long a state that stays is not told again: a person who has seen
// it needs no second line the same day, and one who has not sees tomorrow's.
const Every = 24 * time.Hour

// Alert is one thing to tell.
type Alert struct {
	// Promise and Item name what it is about.
	Promise promise.Name
	Item    string
	// State is at risk or broken.
	State promise.State
	// Code is both as one word, such as "backups.broken".
	Code string
	// Since is when an audit first found this state.
	Since time.Time
	// Runbook is the place that says what to do.
	Runbook string
	// ToldBefore is when people were last told of it, as it is recorded; zero for never.
	ToldBefore time.Time
}

// Due finds in an audit what must be told now, and notes in its standings that
// it was. Items that the policy no longer names keep an old date and are told by
// nobody: only the statuses' own keys are looked at.
func Due(audit history.Audit, statuses []promise.Status) (history.Audit, []Alert) {
	told := audit
	told.Standings = append([]history.Standing(nil), audit.Standings...)

	var alerts []Alert

	for i, standing := range told.Standings {
		if !names(statuses, standing.Key()) || !standing.State.Alarms() || recent(standing.AlertedAt, audit.At) {
			continue
		}

		alerts = append(alerts, Alert{
			Promise: standing.Promise, Item: standing.Item, State: standing.State, Code: standing.Code(),
			Since: standing.Since, Runbook: Runbook(standing.Promise, standing.State), ToldBefore: standing.AlertedAt,
		})
		told.Standings[i].AlertedAt = audit.At
	}

	return told, alerts
}

// recent reports whether people were told within the last day. A date ahead of
// now, of a clock that was set back, does not count.
func recent(told, now time.Time) bool {
	return !told.IsZero() && !told.After(now) && now.Sub(told) < Every
}

func names(statuses []promise.Status, key promise.Key) bool {
	for _, status := range statuses {
		if status.Promise == key.Promise && status.Item == key.Item {
			return true
		}
	}

	return false
}

// Runbook is the section of docs/runbooks.md about a state of a promise.
func Runbook(name promise.Name, state promise.State) string {
	return "docs/runbooks.md#" + string(name) + "-" + map[bool]string{true: "at-risk", false: "broken"}[state == promise.AtRisk]
}

// Teller is one way to tell people. Tell may tell the same alert twice after a
// crash; it must not lose one without an error.
type Teller interface {
	// Tell tells one alert. It fails with ErrNobody where nobody listens on this way.
	Tell(ctx context.Context, alert Alert) error
}

// ErrNobody says that nobody listens on a way of telling: it works, and reaches no one.
var ErrNobody = errors.New("nobody listens on this way of telling")

// Untold takes back from an audit that Due gave that people were told of these alerts:
// nobody was, so the next audit tells them again, as the same telling.
func Untold(audit history.Audit, alerts []Alert) history.Audit {
	audit.Standings = slices.Clone(audit.Standings)

	for _, each := range alerts {
		key := promise.Key{Promise: each.Promise, Item: each.Item}
		if at := slices.IndexFunc(audit.Standings, func(s history.Standing) bool { return s.Key() == key }); at >= 0 {
			audit.Standings[at].AlertedAt = each.ToldBefore
		}
	}

	return audit
}

// Means are what the ways of telling need.
type Means struct {
	// Log takes the lines.
	Log *slog.Logger
	// Steward is the steward database, as the role steward_core.
	Steward *postgres.DB
	// Box takes mails; without a policy of mails none is asked of it.
	Box outbox.Box
	// KeepWebhooks is how long an event for webhooks lasts.
	KeepWebhooks time.Duration
	// Company is the name of the policy's company.
	Company string
	// Clock tells the time.
	Clock clocks.Clock
}

// Tellers makes the ways that the policy names.
func Tellers(ways []policy.Alert, means Means) []Teller {
	var tellers []Teller

	for place, way := range ways {
		switch way.Kind {
		case policy.AlertLog:
			tellers = append(tellers, Log{Log: means.Log})
		case policy.AlertMail:
			tellers = append(tellers, Mail{means: means, place: place, to: way.To, language: letter.For(way.Language)})
		case policy.AlertWebhook:
			tellers = append(tellers, Webhook{means: means})
		}
	}

	return tellers
}

// Log writes one line for each alert.
type Log struct {
	// Log takes the lines.
	Log *slog.Logger
}

// Tell implements Teller. It never fails.
func (l Log) Tell(ctx context.Context, alert Alert) error {
	level := slog.LevelError
	if alert.State == promise.AtRisk {
		level = slog.LevelWarn
	}

	l.Log.Log(ctx, level, "a promise is at risk or broken",
		"code", alert.Code, "promise", string(alert.Promise), "item", alert.Item, "state", string(alert.State),
		"since", alert.Since.Format(time.RFC3339), "runbook", alert.Runbook)

	return nil
}
