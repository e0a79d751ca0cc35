package activities

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/alert"
	"steward/internal/clocks"
	"steward/internal/evidence"
	"steward/internal/evidence/history"
	"steward/internal/failure"
	"steward/internal/heartbeat"
	"steward/internal/ledger"
	"steward/internal/metrics"
	"steward/internal/patience"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
	"steward/internal/task"
)

// verifyBudget is how much of an audit's five minutes the verification of the
// ledger may take. Where it needs longer the other promises are judged all the
// same, and that of the ledger comes at risk.
const verifyBudget = 3 * time.Minute

// Audits does what PromiseAudit needs. It belongs to the core role, and imports
// nothing of those whose work it judges.
type Audits struct {
	// Steward is the steward database, as the role steward_core.
	Steward *postgres.DB
	// Mirror is the second copy of the ledger; LedgerKey verifies both.
	Mirror    ledger.Mirror
	LedgerKey note.Verifier
	// Policy holds the rules, alerts and heartbeats.
	Policy *policy.Policy
	// OffFile lists when the dev machine was off; empty outside dev.
	OffFile string
	// Clock tells the time that promises go by.
	Clock clocks.Clock
	// Metrics shows what was found.
	Metrics *metrics.Metrics
	// Tellers tell people what is at risk or broken.
	Tellers []alert.Teller
	// Heartbeats are the URLs to call, Pinger calls them.
	Heartbeats map[promise.Name]heartbeat.URL
	Pinger     *heartbeat.Pinger
	// Log takes what went wrong beside the audit itself.
	Log *slog.Logger
	// Patience scales the timeouts.
	Patience patience.Scale
}

// AuditResult is what an audit found.
type AuditResult struct {
	// At is the instant that was judged.
	At time.Time
	// Stage is the worst state: "kept", "at_risk" or "broken".
	Stage string
	// Promises are the judgements, in the order of the policy.
	Promises []JudgedPromise
	// NotBuilt counts the promises that this version does not keep.
	NotBuilt int
	// Alerts counts the people's alerts of this audit, Changes the entries that
	// it wrote to the ledger, HeartbeatFailures the calls that were not accepted.
	Alerts, Changes, HeartbeatFailures int
	// AlertsUnheard counts the alerts that no way of telling took: the next audit tells
	// them again.
	AlertsUnheard int
	// TasksOverdue counts the tasks of people that are past their time.
	TasksOverdue int64
	// Verification is the code of the failure that kept the ledger from being
	// verified although that was due; empty without one.
	Verification failure.Code
}

// JudgedPromise is the judgement of one item.
type JudgedPromise struct {
	// Name is the promise and its item, such as "backups/app".
	Name string
	// State is a word such as "at risk"; Reason says why, in fixed sentences with
	// names of the policy, dates and counts.
	State, Reason string
}

// AuditPromises reads the evidence, judges every promise at this process's own
// clock, records it, and tells who must know. It may be called again after any
// end. A crash before the record is committed can repeat an alert, one after it
// only leaves out a call of a heartbeat: its owner then alarms for nothing,
// which is the safe side.
func (a *Audits) AuditPromises(ctx context.Context) (AuditResult, error) {
	unverified := a.verify(ctx)

	now := a.Clock.Now()

	read, err := a.read(ctx, now)
	if err != nil {
		return AuditResult{}, err
	}

	statuses := promise.Evaluate(a.Policy.Rules(), read.evidence, now)
	next, changes := read.last.Next(statuses, read.evidence.Armed, now)
	next, alerts := alert.Due(next, statuses)

	unheard, err := a.tell(ctx, alerts)
	if err != nil {
		return AuditResult{}, err
	}

	next = alert.Untold(next, unheard)

	if err := history.Record(ctx, a.Steward, read.last, next, changes); err != nil {
		return AuditResult{}, err
	}

	a.Metrics.Audited(now, statuses, read.unsealed)
	a.Metrics.Tasks(read.tasks)
	a.watch(ctx, now)

	// After the record, so that a reminder that cannot be written keeps no alert back;
	// before the heartbeats, so that somebody outside hears of it.
	overdue, err := a.remind(ctx, read, now)
	if err != nil {
		return AuditResult{}, err
	}

	result := summary(now, statuses)
	result.Alerts, result.AlertsUnheard = len(alerts)-len(unheard), len(unheard)
	result.Changes, result.Verification = len(changes), failure.CodeOf(unverified)
	result.HeartbeatFailures = a.beat(ctx, statuses, unverified)
	result.TasksOverdue = overdue

	return result, nil
}

// verify verifies the ledger if that is due. A mirror that does not answer must
// not keep the other promises from being judged: the failure is told, and the
// evidence ages.
func (a *Audits) verify(ctx context.Context) error {
	last, err := evidence.LastVerification(ctx, a.Steward)
	if err == nil && !last.Due(a.Policy.Promises.Ledger.VerifyEvery.Shortest(), a.Clock.Now()) {
		return nil
	}

	if err == nil {
		err = a.verifyNow(ctx)
	}

	if err != nil {
		a.Metrics.VerificationFailed(err)
		a.Log.ErrorContext(ctx, "the ledger could not be verified", "code", failure.CodeOf(err), "doing", failure.Safe(err))
	}

	return err
}

func (a *Audits) verifyNow(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, a.Patience.Of(verifyBudget))
	defer cancel()

	verifier := evidence.Verifier{
		Steward: a.Steward, Mirror: a.Mirror, Key: a.LedgerKey, Patience: a.Patience,
		SealWithin: a.Policy.Promises.Ledger.SealWithin.Shortest(),
	}

	found, err := verifier.Verify(ctx, a.Clock.Now())
	if err != nil {
		return err
	}

	return evidence.RecordVerification(ctx, a.Steward, found)
}

// reading is what one look into the database gave.
type reading struct {
	evidence promise.Evidence
	last     history.Audit
	unsealed int64
	tasks    []task.Standing
	late     []task.Task // the most urgent first, remindersAtOnce at most
}

func (a *Audits) read(ctx context.Context, now time.Time) (read reading, err error) {
	err = a.Steward.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		if read.evidence, err = evidence.Gather(ctx, evidence.Sources{Steward: tx, OffFile: a.OffFile}, a.Policy); err != nil {
			return err
		}

		if read.last, err = history.Latest(ctx, tx); err != nil {
			return err
		}

		if read.tasks, err = task.Standings(ctx, tx, now); err != nil {
			return err
		}

		if read.late, err = task.List(ctx, tx, task.Filter{Limit: remindersAtOnce}); err != nil {
			return err
		}

		waiting, err := evidence.ReadUnsealed(ctx, tx)
		read.unsealed = waiting.Count

		return err
	})

	return read, failure.Wrap(failure.Unavailable, "reading the evidence", err)
}

// tell hands each alert to every way of telling before it is recorded as told, and gives
// those that no way took, which it counts. A way that fails keeps no other back: what is
// wrong with mail may be what the log tells of.
func (a *Audits) tell(ctx context.Context, alerts []alert.Alert) (unheard []alert.Alert, err error) {
	var failed []error

	for _, each := range alerts {
		told := false

		for _, teller := range a.Tellers {
			err := teller.Tell(ctx, each)

			switch {
			case err == nil:
				told = true
			case errors.Is(err, alert.ErrNobody):
				a.reachedNobody(ctx, each)
			default:
				failed = append(failed, err)
			}
		}

		if !told {
			unheard = append(unheard, each)
		}
	}

	if len(failed) > 0 {
		return nil, failure.Wrap(failure.Unavailable, "telling what is at risk or broken", errors.Join(failed...))
	}

	for _, each := range unheard {
		a.Metrics.AlertUnheard(each.Promise)
	}

	return unheard, nil
}

// reachedNobody says in the log what a way of telling told nobody.
func (a *Audits) reachedNobody(ctx context.Context, untold alert.Alert) {
	a.Log.ErrorContext(ctx, "no webhook endpoint wants this alert: a promise is at risk or broken",
		"code", untold.Code, "promise", string(untold.Promise), "item", untold.Item, "state", string(untold.State),
		"since", untold.Since.Format(time.RFC3339), "runbook", untold.Runbook)
}

// remindersAtOnce bounds the tasks that people are reminded of one by one. Whoever has
// more that are late does not read them as single mails; the count tells of the rest.
const remindersAtOnce = 50

// remind writes a line for each kind of task that is overdue, and counts them all: a
// task waits for a person, who is told until it is done. Mails and webhooks tell of
// each task by itself, once a day; one way that fails keeps no other back.
func (a *Audits) remind(ctx context.Context, read reading, now time.Time) (overdue int64, err error) {
	for _, standing := range read.tasks {
		if standing.Overdue > 0 {
			a.Log.WarnContext(ctx, "tasks are overdue", "kind", string(standing.Kind), "overdue", standing.Overdue,
				"since", standing.NextDue.Format(time.RFC3339), "runbook", "docs/runbooks.md#tasks-overdue")
		}

		overdue += standing.Overdue
	}

	var failed []error

	for _, teller := range a.Tellers {
		reminder, does := teller.(alert.Reminder)

		for _, late := range read.late {
			if !does || !late.Overdue(now) {
				continue
			}

			// The line above tells of the task where nobody listens.
			if err := reminder.Remind(ctx, late, now); err != nil && !errors.Is(err, alert.ErrNobody) {
				failed = append(failed, err)
			}
		}
	}

	return overdue, failure.Wrap(failure.Unavailable, "reminding of tasks", errors.Join(failed...))
}

// beat calls the heartbeats of the promises whose evidence was read and is good,
// and counts the calls that were not accepted.
func (a *Audits) beat(ctx context.Context, statuses []promise.Status, unverified error) (failures int) {
	for name, url := range a.Heartbeats {
		if !alive(name, statuses) || name == promise.Ledger && unverified != nil {
			continue
		}

		if err := a.Pinger.Ping(ctx, url); err != nil {
			failures++

			a.Metrics.HeartbeatFailed(name)
			a.Log.WarnContext(ctx, "a heartbeat was not accepted",
				"promise", string(name), "code", failure.CodeOf(err), "doing", failure.Safe(err))
		}
	}

	return failures
}

// alive reports whether the promise was judged from evidence, and each of its
// items is kept or armed. At risk is silence too: whoever listens outside has
// a grace of their own, and may be the only one whom an alert reaches. So is
// observed, whose evidence may be as bad as any.
func alive(name promise.Name, statuses []promise.Status) bool {
	judged := false

	for _, status := range statuses {
		switch {
		case status.Promise != name:
		case status.State == promise.Kept, status.State == promise.Armed:
			judged = true
		default:
			return false
		}
	}

	return judged
}

func summary(now time.Time, statuses []promise.Status) AuditResult {
	result := AuditResult{At: now}
	worst := promise.Kept

	for _, status := range statuses {
		if status.State == promise.NotBuilt {
			result.NotBuilt++

			continue
		}

		if rank(status.State) > rank(worst) {
			worst = status.State
		}

		standing := history.Standing{Promise: status.Promise, Item: status.Item}
		result.Promises = append(result.Promises, JudgedPromise{
			Name: standing.Name(), State: string(status.State), Reason: status.Reason,
		})
	}

	result.Stage = history.StateCode(worst)

	return result
}

// rank orders the states that alarm above those that do not.
func rank(state promise.State) int {
	ranks := map[promise.State]int{promise.AtRisk: 1, promise.Broken: 2}
	if !state.Alarms() {
		return 0
	}

	return cmp.Or(ranks[state], ranks[promise.Broken])
}
