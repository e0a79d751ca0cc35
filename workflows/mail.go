package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/outbox"
)

// SendMailName is the registered name of SendMail.
const SendMailName = "SendMail"

// mailBudget is how long one run tries to reach a mail server that does not answer. A
// mail waits in the outbox however many runs fail, and each run sees all of it.
const mailBudget = time.Hour

// SendMail sends the mails that wait in the outbox. It runs each minute and takes no
// input: what is due is decided by the activity, from the outbox and its own clock. No
// recipient and no word of a mail is in its history.
func (p Promises) SendMail(ctx workflow.Context) (outbox.Result, error) {
	var (
		do     *activities.Mails
		result outbox.Result
	)

	list := newChecklist(ctx, "Send the mails that are due")
	stage(ctx, StageKey.ValueSet("sending"))
	list.start(ctx, 0)

	step := p.bulk(ctx, p.Patience.Of(mailBudget), VendorsQueue, "Send the mails that are due")
	if err := workflow.ExecuteActivity(step, do.SendDueMail).Get(ctx, &result); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return result, list.failed(ctx, 0, err)
	}

	stage(ctx, StageKey.ValueSet("sent"))
	list.done(ctx, 0, sent(result))

	return result, nil
}

// sent says what a pass did, the plain count first and then only what is not as it
// should be.
func sent(result outbox.Result) string {
	parts := []string{fmt.Sprintf("%d accepted", result.Accepted)}

	for _, each := range []struct {
		count int
		text  string
	}{
		{result.Deferred, "tried again later"},
		{result.Refused, "refused for good"},
		{result.Uncertain, "of unknown fate after two tries"},
		{result.GivenUp, "given up"},
		{result.Waiting, "waiting"},
	} {
		if each.count > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", each.count, each.text))
		}
	}

	return strings.Join(parts, ", ")
}
