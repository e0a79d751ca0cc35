package system_test

import (
	"net/http"
	"testing"
	"time"

	"steward/dev/harness"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/ledger/seal"
	"steward/workflows"
)

// TestRecordMessagesHistories records what SendMail, DeliverWebhooks and ExpireOwnRecords
// do: see TestRecordHistories.
//
//nolint:paralleltest // histories are recorded without anything beside
func TestRecordMessagesHistories(t *testing.T) {
	r := newRecorder(t, harness.Options{Processes: []string{"core"}, Messages: true, Undrilled: true})
	_, err := r.world.AddEndpoint(t.Context(), "/hooks")
	r.must(err)
	r.sent("nothing_due")
	r.told("nothing_due")
	r.ended("nothing_due")
	r.message("sent")
	r.sent("sent")
	r.told("delivered")
	r.message("retried")
	r.met("connect", func() { r.sent("retried") })
	r.met("select", func() { r.told("retried") })
	r.met("delete", func() { r.ended("retried") })
	r.deferred()
	r.givenUp()
	r.serverGone()
	// Beyond the end of everything.
	r.must(r.world.Move(40 * day))
	r.ended("removed")
}

// message decides on a mail and an event.
func (r recorder) message(cause string) {
	r.Helper()
	_, err := r.world.QueueMail(r.Context(), cause, harness.Recipient, r.world.TestLetter())
	r.must(err)
	_, err = r.world.Emit(r.Context(), cause)
	r.must(err)
}

func (r recorder) sent(scene string) {
	r.Helper()
	r.ran(workflows.SendMailName, scene, ids.Mail()+"/"+scene)
}

func (r recorder) told(scene string) {
	r.Helper()
	r.ran(workflows.DeliverWebhooksName, scene, ids.Webhooks()+"/"+scene)
}

func (r recorder) ended(scene string) {
	r.Helper()
	r.ran(workflows.ExpireOwnRecordsName, scene, ids.OwnRecords()+"/"+scene)
}

// met lets the first call of that name in an activity fail.
func (r recorder) met(name string, do func()) {
	r.Helper()
	r.world.Gate.Arm(harness.Plan{N: 1, Mode: faults.Before, Counts: func(call harness.Call) bool {
		return call.Name == name && call.Part.Operation != "" && call.Part.Operation != seal.Operation
	}})
	do()
	if _, hit := r.world.Gate.Disarm(); hit == nil {
		r.Fatal("nothing failed")
	}
}

// deferred meets a mail server and an app that ask to come back.
func (r recorder) deferred() {
	r.Helper()
	r.message("deferred")
	r.world.Mails.Script("rcpt", "450 4.2.1 come back later")
	r.world.Hooks.Answer(http.StatusServiceUnavailable)
	r.sent("deferred")
	r.told("deferred")
	r.must(r.world.Move(beyondLeases))
	r.must(passed(r.Context(), r.world))
}

// givenUp meets a mail whose time is over, one that is refused, and a last try of a delivery that fails.
func (r recorder) givenUp() {
	r.Helper()
	r.message("given up")
	r.must(r.world.Move(4 * day))
	r.message("refused")
	r.world.Mails.Script("rcpt", "550 5.1.1 nobody of that name")
	r.world.Hooks.Answer(http.StatusInternalServerError)
	r.must(harness.Exec(r.Context(), r.world.StewardURL, `update webhook_deliveries set tries = 9 where state = 'waiting'`))
	r.sent("given_up")
	r.told("given_up")
	r.must(r.world.Move(time.Hour))
	r.must(passed(r.Context(), r.world))
}

// serverGone runs out of time while the mail server answers nobody.
func (r recorder) serverGone() {
	r.Helper()
	const scene, tries = "server_gone", 200
	r.message(scene)
	for range tries {
		r.world.Mails.Script("greeting", "421 4.3.2 not now")
	}
	run, err := r.world.Start(r.Context(), ids.Mail()+"/"+scene, workflows.SendMailName)
	r.must(err)
	if err := run.Get(r.Context(), nil); err == nil {
		r.Fatal("the mail server was there")
	}
	r.keep(workflows.SendMailName, scene, ids.Mail()+"/"+scene)
	r.world.Options.Unchecked = true // its mail still waits
}
