package harness

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// mailRow is a mail, without what is sealed of it.
type mailRow struct {
	ID           string     `json:"id"`
	MessageID    string     `json:"message_id"`
	State        string     `json:"state"`
	Handed       []int      `json:"handed"`
	ClaimedUntil *time.Time `json:"claimed_until"`
	AcceptedAt   *time.Time `json:"accepted_at"`
	SettledAt    *time.Time `json:"settled_at"`
	EndsAt       time.Time  `json:"ends_at"`
}

// deliveryRow is a delivery, with the body of its event.
type deliveryRow struct {
	ID           string     `json:"id"`
	Event        string     `json:"event"`
	Endpoint     string     `json:"endpoint"`
	State        string     `json:"state"`
	Tries        int        `json:"tries"`
	CreatedAt    time.Time  `json:"created_at"`
	ClaimedUntil *time.Time `json:"claimed_until"`
	SettledAt    *time.Time `json:"settled_at"`
	EndsAt       time.Time  `json:"ends_at"`
	Body         string     `json:"body"`
}

// The states in which CheckWorld knows more of a mail or a delivery than that it waits.
const (
	stateWaiting   = "waiting"
	stateAccepted  = "accepted"
	stateDelivered = "delivered"
)

// mostHanded is how often a server may be given one mail: once, and one copy more.
const mostHanded = 2

// checkMessages compares the outbox with what the mail server has, and the deliveries
// with what the app was told.
func (w *World) checkMessages(ctx context.Context, _ catalogue, found *findings) error {
	if !w.Options.Messages {
		return nil
	}
	var mails []mailRow
	if err := readJSON(ctx, w.StewardURL, `select (to_jsonb(m) - 'recipient' - 'content')::text
		from mail as m order by id`, &mails); err != nil {
		return err
	}
	w.checkMail(mails, found)
	var deliveries []deliveryRow
	if err := readJSON(ctx, w.StewardURL, `select (to_jsonb(d) || jsonb_build_object('body', e.body))::text
		from webhook_deliveries as d join webhook_events as e on e.id = d.event order by d.id`, &deliveries); err != nil {
		return err
	}
	w.checkDeliveries(deliveries, found)
	return w.checkKeys(ctx, found)
}

// checkMail looks for a mail that waits or is claimed, for one that was called sent and
// was not, and for a copy too many.
func (w *World) checkMail(mails []mailRow, found *findings) {
	copies := map[string]int{}
	for _, each := range w.Mails.Received() {
		copies[each.MessageID]++
	}
	for _, row := range mails {
		w.ends[row.MessageID] = row.EndsAt
		got := copies[row.MessageID]
		delete(copies, row.MessageID)
		switch {
		case row.State == stateWaiting && !slices.Contains(w.Options.Open, "mail "+row.ID):
			found.addf(mailCheck, "%s still waits", row.ID)
		case row.State == stateAccepted && row.AcceptedAt == nil,
			row.State != stateAccepted && row.State != stateWaiting && row.SettledAt == nil:
			found.addf(mailCheck, "%s is %s and does not say since when", row.ID, row.State)
		case row.State == stateAccepted && got == 0:
			found.addf(mailCheck, "%s is accepted and the server never had it", row.ID)
		}
		checkHanded(row, got, found)
	}
	for _, id := range slices.Sorted(maps.Keys(copies)) {
		if !w.ended(id) {
			found.addf(mailCheck, "%s was sent and is not in the outbox", id)
		}
	}
}

// checkHanded looks for a claim that was left, and for a copy too many.
func checkHanded(row mailRow, copies int, found *findings) {
	if row.ClaimedUntil != nil {
		found.addf(mailCheck, "%s is %s and still claimed", row.ID, row.State)
	}
	if len(row.Handed) > mostHanded || copies > len(row.Handed) {
		found.addf(mailCheck, "%s was handed over %d times, the server has %d copies", row.ID, len(row.Handed), copies)
	}
}

// ended reports whether the row of something that was sent was there, and may be gone now.
func (w *World) ended(key string) bool {
	ends, seen := w.ends[key]
	return seen && !w.Now().Before(ends)
}

// checkDeliveries looks for a delivery that waits or is claimed, for one that was called
// delivered and was not, and for a call that is not of a delivery.
func (w *World) checkDeliveries(deliveries []deliveryRow, found *findings) {
	byPlace := map[[2]string]deliveryRow{}
	for _, row := range deliveries {
		place := [2]string{row.Event, row.Endpoint}
		if _, twice := byPlace[place]; twice {
			found.addf("webhook", "%s goes to %s twice", row.Event, row.Endpoint)
		}
		byPlace[place] = row
		w.ends[row.Event+" "+row.Endpoint] = row.EndsAt
		switch {
		case row.State == stateWaiting && !slices.Contains(w.Options.Open, "delivery "+row.ID):
			found.addf("webhook", "%s still waits", row.ID)
		case row.State != stateWaiting && row.SettledAt == nil:
			found.addf("webhook", "%s is %s and does not say since when", row.ID, row.State)
		}
		if row.ClaimedUntil != nil {
			found.addf("webhook", "%s is %s and still claimed", row.ID, row.State)
		}
	}
	w.checkCalls(byPlace, found)
}

// checkCalls compares the calls that came with the deliveries, known by event and endpoint.
func (w *World) checkCalls(byPlace map[[2]string]deliveryRow, found *findings) {
	calls := map[[2]string]int{}
	for _, call := range w.Hooks.Calls() {
		to := w.Hooks.at(call.Path)
		place := [2]string{call.ID(), to.id}
		calls[place]++
		row, there := byPlace[place]
		if !there {
			if !w.ended(call.ID() + " " + to.id) {
				found.addf("webhook", "%s came to %q, and is on its way to nobody there", call.ID(), to.id)
			}
			continue
		}
		w.checkCall(call, to.secret, row, found)
	}
	for place, row := range byPlace {
		if row.State == stateDelivered && calls[place] == 0 {
			found.addf("webhook", "%s is delivered and never came to %s", row.Event, row.Endpoint)
		}
		if calls[place] > row.Tries {
			found.addf("webhook", "%s came %d times and was tried %d times", row.Event, calls[place], row.Tries)
		}
	}
}

// checkCall compares what came with what was on its way.
func (w *World) checkCall(call HookCall, secret string, row deliveryRow, found *findings) {
	if call.Header.Get("Webhook-Signature") != call.signature(secret) {
		found.addf("webhook", "the signature of %s does not hold", row.Event)
	}
	if call.Body != row.Body {
		found.addf("webhook", "%s came with another body", row.Event)
	}
	seconds, err := strconv.ParseInt(call.Header.Get("Webhook-Timestamp"), 10, 64)
	at := time.Unix(seconds, 0)
	// It is cut to the second.
	if err != nil || at.Before(row.CreatedAt.Add(-time.Second)) || at.After(w.Now()) {
		found.addf("webhook", "%s says that it came at %s", row.Event, at.UTC().Format(time.RFC3339))
	}
}

// checkKeys looks for what can be opened by nobody or for ever, and for a mail that came
// back and is called accepted.
func (w *World) checkKeys(ctx context.Context, found *findings) error {
	for _, each := range []struct{ check, says, sql string }{
		{mailCheck, "has no key", `select id from mail where id not in (select case_id from case_keys)`},
		{"webhook", "has no key", `select id from webhook_endpoints where id not in (select case_id from case_keys)`},
		{mailCheck, "is gone, and its key is not", `select case_id from case_keys
			where case_id like 'mail\_%' and case_id not in (select id from mail)`},
		{"webhook", "is gone, and its key is not", `select case_id from case_keys
			where case_id like 'whe\_%' and case_id not in (select id from webhook_endpoints)`},
		{mailCheck, "came back and is called otherwise", `select m.id from mail as m join mail_events as e on e.mail = m.id
			where e.kind in ('bounced', 'complained') and m.state not in ('bounced', 'complained')`},
	} {
		ids, err := Rows(ctx, w.StewardURL, each.sql)
		if err != nil {
			return err
		}
		for _, id := range ids {
			found.addf(each.check, "%s %s", id, each.says)
		}
	}
	return nil
}

// checkRecords looks for rows that were past their end when own records were ended last,
// in every table that has ends.
func (w *World) checkRecords(ctx context.Context, _ catalogue, found *findings) error {
	if w.expired.IsZero() {
		return nil
	}
	tables, err := Rows(ctx, w.StewardURL, `select format('%I', table_name) from information_schema.columns
		where column_name = 'ends_at' and table_schema = 'public' order by 1`)
	if err != nil {
		return err
	}
	for _, table := range tables {
		left, err := Rows(ctx, w.StewardURL, fmt.Sprintf(`select count(*)::text from %s where ends_at <= $1::text::timestamptz`, table),
			w.expired.UTC().Format(time.RFC3339Nano))
		if err != nil {
			return err
		}
		if left[0] != "0" {
			found.addf("records", "%s rows of %s stay beyond their end", left[0], table)
		}
	}
	return nil
}
