package activities

import (
	"context"
	"slices"
	"time"

	"steward/internal/erasure"
	"steward/internal/erasure/standing"
	"steward/internal/failure"
	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/postgres"
	"steward/internal/webhook"
)

// watchTime is how long an audit may look at what is no evidence: some counts, and a lock
// that somebody holds on one of their tables.
const watchTime = 20 * time.Second

// watched is how what carries the promises stands: mail, webhooks, open erasures, and
// the end of Steward's own records. None of it is evidence of a promise.
type watched struct {
	erasures   standing.Standing
	mail       outbox.Standing
	deliveries webhook.Standing
	records    []ownrecords.Late
}

// watch reads and shows it, apart from the evidence: where it cannot be read, or not in
// time, the promises are judged all the same, the log says so, and the metrics stay as
// they were.
func (a *Audits) watch(ctx context.Context, now time.Time) {
	within, cancel := context.WithTimeout(ctx, a.Patience.Of(watchTime))
	defer cancel()

	var seen watched

	err := a.Steward.InSnapshot(within, func(ctx context.Context, tx postgres.Tx) (err error) {
		seen, err = a.look(ctx, tx, now)

		return err
	})
	if err = failure.Wrap(failure.Unavailable, "looking at mail, webhooks, erasures and own records", err); err != nil {
		a.Log.ErrorContext(ctx, "how mail, webhooks, erasures and own records stand could not be read",
			"code", failure.CodeOf(err), "doing", failure.Safe(err))

		return
	}

	a.show(ctx, seen, now)
}

// look reads how it stands, at one instant.
func (a *Audits) look(ctx context.Context, tx postgres.Tx, now time.Time) (seen watched, err error) {
	if seen.mail, err = outbox.StandingAt(ctx, tx, now, a.Policy.Mail.GiveUp()); err != nil {
		return watched{}, err
	}

	if seen.deliveries, err = webhook.StandingAt(ctx, tx, now); err != nil {
		return watched{}, err
	}

	if seen.erasures, err = standing.At(ctx, tx, now); err != nil {
		return watched{}, err
	}

	seen.records, err = ownrecords.Oldest(ctx, tx, now)

	return seen, err
}

// show hands what was seen to the metrics, and writes a line for each thing that is
// wrong: whoever has no Prometheus reads the log.
func (a *Audits) show(ctx context.Context, seen watched, now time.Time) {
	a.Metrics.Messages(now, seen.mail, seen.deliveries)
	a.Metrics.OwnRecords(now, seen.records)
	a.Metrics.Erasures(now, seen.erasures)

	for _, one := range seen.wrong(now) {
		a.Log.WarnContext(ctx, "something that is watched is wrong", "says", one.says, "what", one.what,
			"since", stamp(one.since), "count", one.count, "runbook", "docs/runbooks.md#"+one.anchor)
	}
}

// trouble is one thing that is wrong, in fixed words.
type trouble struct {
	says, anchor string
	since        time.Time // zero where it has no beginning
	count        int64     // 0 where it is not counted
	what         string    // a state of a mail, a code or a table; empty where there is one kind only
}

// wrong lists what is wrong at an instant, by the limits that the alerts of Prometheus
// have too.
func (w watched) wrong(now time.Time) []trouble {
	all := []trouble{
		{says: "mail is not being sent", anchor: "mail-overdue", since: past(now, w.mail.OverdueSince, outbox.Late)},
		{says: "mail is not taken", anchor: "mail-stuck", since: past(now, w.mail.WaitingSince, outbox.Stuck)},
		{says: "webhooks are not being delivered", anchor: "webhooks-overdue", since: past(now, w.deliveries.OverdueSince, webhook.Late)},
		{says: "webhooks are not taken", anchor: "webhooks-stuck", since: past(now, w.deliveries.WaitingSince, webhook.Stuck)},
		{says: "webhooks were given up", anchor: "webhooks-given-up", count: w.deliveries.GivenUp},
		{says: "webhook endpoints are disabled", anchor: "webhook-endpoint-disabled", count: w.deliveries.Disabled},
		{says: "erasures are blocked", anchor: "erasures-blocked", count: w.erasures.Open[erasure.Blocked]},
		{says: "an erasure does not go on", anchor: "erasures-still", since: past(now, w.erasures.StillSince, standing.Stuck)},
		{says: "an erasure does not end", anchor: "erasures-overdue", since: past(now, w.erasures.GoneSince, standing.Late)},
	}

	for _, state := range outbox.Failures() {
		all = append(all, trouble{says: "mails did not arrive", anchor: "mail-failed", count: w.mail.Failed[state], what: string(state)})
	}

	for _, reason := range standing.Mendable() {
		all = append(all, trouble{
			says: "nobody can say by when an erased subject is gone", anchor: "erasures-without-day",
			since: past(now, w.erasures.Dayless[reason].Since, standing.Unsaid), what: string(reason),
		})
	}

	for _, late := range w.records {
		all = append(all, trouble{
			says: "own records are past their end", anchor: "records-overdue", since: past(now, late.Since, ownrecords.Grace), what: late.Table,
		})
	}

	return slices.DeleteFunc(all, func(t trouble) bool { return t.since.IsZero() && t.count == 0 })
}

// past is since, if that is more than limit ago; else the zero time.
func past(now, since time.Time, limit time.Duration) time.Time {
	if since.IsZero() || now.Sub(since) <= limit {
		return time.Time{}
	}

	return since
}

// stamp writes a time for the log; nothing for none.
func stamp(at time.Time) string {
	if at.IsZero() {
		return ""
	}

	return at.UTC().Format(time.RFC3339)
}
