package policy

import (
	"time"

	"steward/internal/calendar"
)

// Records say how long Steward keeps its own dated records. What is not stated has
// the default that the methods of Policy give. Evidence is not among them: the ledger
// and the acts of staff stay.
type Records struct {
	// Mail are mails in the outbox, with what providers told of them. Exact.
	Mail calendar.Duration
	// Webhooks are events and their deliveries. Exact.
	Webhooks calendar.Duration
	// IdempotencyKeys are answers that a repeated request gets again. Exact.
	IdempotencyKeys calendar.Duration
	// AccessLog is who looked at whose data. Exact.
	AccessLog calendar.Duration
	// Tasks are those that are done. Exact.
	Tasks calendar.Duration
}

// The periods where the policy says nothing. A test compares them with those of the
// packages named here.
const (
	// defaultKeepMail is long enough to answer "did you write to me?" and no archive.
	defaultKeepMail = 30 * aDay
	// defaultKeepWebhooks covers the days of retries, and looking at them afterwards.
	defaultKeepWebhooks = 30 * aDay
	// defaultKeepKeys is what callers of APIs are used to for repeats (idempotency.Keep).
	defaultKeepKeys = 30 * aDay
	// defaultKeepAccess lets a yearly audit see the year (accesslog.Keep).
	defaultKeepAccess = 365 * aDay
	// defaultKeepTasks lets two of them see what was decided (task.Keep).
	defaultKeepTasks = 2 * 365 * aDay
)

func recordsShape() shape[Records] {
	return shape[Records]{
		optional(exact("mail", "Mails in the outbox, from being queued on; at least 3d longer than they are tried. Without it, 30d.",
			func(r *Records) *calendar.Duration { return &r.Mail })),
		optional(exact("webhooks", "Events for webhooks and their deliveries; at least 4d, since they are tried for three. Without it, 30d.",
			func(r *Records) *calendar.Duration { return &r.Webhooks })),
		optional(exact("idempotency_keys", "Answers of the API that a repeated request gets again; at least 1d. Without it, 30d.",
			func(r *Records) *calendar.Duration { return &r.IdempotencyKeys })),
		optional(exact("access_log", "Who looked at whose data. Without it, 365d.",
			func(r *Records) *calendar.Duration { return &r.AccessLog })),
		optional(exact("tasks", "Tasks, from being done on. Without it, 730d.",
			func(r *Records) *calendar.Duration { return &r.Tasks })),
	}
}

// leastWebhooks is more than the retries of one delivery take, 75.6 hours.
const leastWebhooks = 4 * aDay

func (r *reader) checkRecords(p *Policy) {
	r.refuse(p.KeepWebhooks() < leastWebhooks, []string{"records.webhooks"}, "write 4d or more",
		"an event would end while it is still tried")
	r.refuse(p.KeepIdempotencyKeys() < aDay, []string{"records.idempotency_keys"}, "write 1d or more",
		"a request that is repeated after an outage would be done twice")
}

// KeepMail is how long a mail's row lasts, from being queued on.
func (p *Policy) KeepMail() time.Duration { return orElse(p.Records.Mail, defaultKeepMail) }

// KeepWebhooks is how long an event for webhooks lasts, with its deliveries.
func (p *Policy) KeepWebhooks() time.Duration { return orElse(p.Records.Webhooks, defaultKeepWebhooks) }

// KeepIdempotencyKeys is how long an answer is kept for a repeated request.
func (p *Policy) KeepIdempotencyKeys() time.Duration {
	return orElse(p.Records.IdempotencyKeys, defaultKeepKeys)
}

// KeepAccessLog is how long it is kept who looked at whose data.
func (p *Policy) KeepAccessLog() time.Duration { return orElse(p.Records.AccessLog, defaultKeepAccess) }

// KeepTasks is how long a task is kept, from being done on.
func (p *Policy) KeepTasks() time.Duration { return orElse(p.Records.Tasks, defaultKeepTasks) }
