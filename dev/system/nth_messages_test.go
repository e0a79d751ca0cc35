package system_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"steward/dev/harness"
)

// beyondLeases is longer than any claim of a mail or a delivery lasts, and than the wait
// after a first try that failed.
const beyondLeases = 10 * time.Minute

// TestNthMessages is TestNthCall for mails and webhooks: one of each is decided on and
// sent with one failing call. Whatever it was, the passes that follow leave the mail with
// the server, in one copy or two of the same Message-ID, and the event with the app.
func TestNthMessages(t *testing.T) {
	t.Parallel()
	plan := harness.Plan{Counts: func(call harness.Call) bool { return call.Process == "vendors" && call.Part.Operation != "" }}
	operation{"messages", plan, messaged, slicesOfPoints, everyPoint(), false}.loop(t, messageWorlds(t, lanes/2))
}

// messageWorlds are worlds that send, and back up nothing.
func messageWorlds(t *testing.T, n int) []*harness.World {
	t.Helper()
	worlds := make([]*harness.World, n)
	for i := range worlds {
		worlds[i] = harness.New(t, harness.Options{Processes: []string{"core"}, Messages: true, Undrilled: true})
		if _, err := worlds[i].AddEndpoint(t.Context(), "/hooks"); err != nil {
			t.Fatal(err)
		}
	}
	return worlds
}

// messaged sends a mail and an event with one failing call, and says what is wrong when
// passes in peace have followed.
func messaged(ctx context.Context, world *harness.World, plan harness.Plan) (hit *harness.Call, problems []string) {
	look, stop := context.WithTimeout(ctx, runTimeout+lookTimeout)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	err := world.Move(time.Hour)
	cause := "nth/" + world.Now().Format(time.RFC3339Nano)
	mail, queued := world.QueueMail(ctx, cause, harness.Recipient, world.TestLetter())
	event, emitted := world.Emit(ctx, cause)
	if err = errors.Join(err, queued, emitted); err != nil {
		return nil, []string{err.Error()}
	}
	world.Gate.Arm(plan)
	err = passed(ctx, world)
	_, hit = world.Gate.Disarm()
	if err != nil && (hit == nil || ctx.Err() != nil) {
		return hit, []string{err.Error()}
	}
	if err := allSent(ctx, world); err != nil {
		return hit, []string{err.Error()}
	}
	return hit, append(arrived(ctx, world, mail, event), looked(look, world)...)
}

// passed is one pass of each kind, as the schedules run them.
func passed(ctx context.Context, world *harness.World) error {
	_, sent := world.SendMail(ctx)
	_, told := world.Deliver(ctx)
	return errors.Join(sent, told)
}

// inPeace lets the next passes come. A worker that was killed may take longer to come up
// than a pass of deliveries lasts in these worlds, which is six seconds; one of the passes
// that follow finds it up.
func inPeace(ctx context.Context, world *harness.World) (err error) {
	const passes = 3
	for range passes {
		if err := world.Move(beyondLeases); err != nil {
			return err
		}
		if err = passed(ctx, world); err == nil {
			return nil
		}
	}
	return err
}

// allSent lets passes come until nothing is due: one has little time in these worlds.
func allSent(ctx context.Context, world *harness.World) error {
	const most = 30
	for range most {
		if err := inPeace(ctx, world); err != nil {
			return err
		}
		due, err := harness.Rows(ctx, world.StewardURL, `select id from mail where state = 'waiting' and next_at <= $1::text::timestamptz
			union all select id from webhook_deliveries where state = 'waiting' and next_at <= $1::text::timestamptz`,
			world.Now().UTC().Format(time.RFC3339Nano))
		if err != nil || len(due) == 0 {
			return err
		}
	}
	return errors.New("messages are due after pass upon pass")
}

// arrived says what became of the mail and of the event, unless both arrived.
func arrived(ctx context.Context, world *harness.World, mail, event string) (problems []string) {
	rows, err := harness.Rows(ctx, world.StewardURL,
		`select (select state from mail where id = $1) || ' ' || (select state from webhook_deliveries where event = $2)`, mail, event)
	if err != nil || len(rows) != 1 || rows[0] != "accepted delivered" {
		problems = append(problems, fmt.Sprintf("the mail %s and the delivery of %s are %v, %v", mail, event, rows, err))
	}
	copies := 0
	for _, each := range world.Mails.Received() {
		if each.MessageID == mail+"@popkit.example" {
			copies++
		}
	}
	if copies < 1 || copies > 2 {
		problems = append(problems, fmt.Sprintf("the server has %d copies of %s", copies, mail))
	}
	return problems
}
