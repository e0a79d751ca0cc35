package workflows_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/sdk/activity"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/internal/outbox"
	"steward/internal/ownrecords"
	"steward/internal/webhook"
	"steward/workflows"
)

// messageSeen is what an operator sees at the end of a run about messages.
type messageSeen struct {
	Details, Stage string
	Failed         failure.Code
}

// watched runs a workflow over activities that answer as given.
func watched[R any](t *testing.T, run func(workflow.Context) (R, error), do map[string]any) (saw messageSeen) {
	t.Helper()

	var suite testsuite.WorkflowTestSuite

	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))

	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute)

	for name, work := range do {
		env.RegisterActivityWithOptions(work, activity.RegisterOptions{Name: name})
	}

	env.ExecuteWorkflow(func(ctx workflow.Context) (messageSeen, error) {
		_, err := run(ctx)
		stage, _ := workflow.GetTypedSearchAttributes(ctx).GetKeyword(workflows.StageKey)

		saw := messageSeen{Details: workflow.GetCurrentDetails(ctx), Stage: stage}
		if err != nil {
			saw.Failed = boundary.CodeOf(err)
		}

		return saw, nil
	})

	if err := env.GetWorkflowResult(&saw); err != nil {
		t.Fatal(err)
	}

	return saw
}

// onQueue fails the test for an activity on another queue.
func onQueue(ctx context.Context, t *testing.T, want string) {
	t.Helper()

	if got := activity.GetInfo(ctx).TaskQueue; got != want {
		t.Errorf("on the queue %s", got)
	}
}

func TestSendMailShowsCountsOnly(t *testing.T) {
	t.Parallel()

	tries := 0
	saw := watched(t, workflows.Promises{}.SendMail, map[string]any{
		"SendDueMail": func(ctx context.Context) (outbox.Result, error) {
			onQueue(ctx, t, workflows.VendorsQueue)

			tries++
			if tries < 3 {
				return outbox.Result{}, boundary.Outside(failure.New(failure.Unavailable, "sending"))
			}

			return outbox.Result{Accepted: 3, Deferred: 2, Refused: 1, Uncertain: 4, GivenUp: 5, Waiting: 6}, nil
		},
	})

	detailsHold(t, saw.Details, "- **done** Send the mails that are due: 3 accepted, 2 tried again later, 1 refused for good, "+
		"4 of unknown fate after two tries, 5 given up, 6 waiting\n")

	if saw.Stage != "sent" || saw.Failed != "" || tries != 3 {
		t.Errorf("%+v after %d tries", saw, tries)
	}
}

func TestMessagesThatCannotBeSentGiveUpInTime(t *testing.T) {
	t.Parallel()

	away := boundary.Outside(failure.New(failure.Unavailable, "sending"))
	for name, saw := range map[string]messageSeen{
		"mail": watched(t, workflows.Promises{}.SendMail, map[string]any{
			"SendDueMail": func(context.Context) (outbox.Result, error) { return outbox.Result{}, away },
		}),
		"webhooks": watched(t, workflows.Promises{}.DeliverWebhooks, map[string]any{
			"DeliverWebhooks": func(context.Context) (webhook.Result, error) { return webhook.Result{}, away },
		}),
		"records": watched(t, workflows.Promises{}.ExpireOwnRecords, map[string]any{
			"ExpireRecords": func(context.Context) (activities.Expired, error) { return activities.Expired{}, away },
			"RewrapKeys":    func(context.Context) (int, error) { return 0, nil },
		}),
	} {
		if saw.Stage != "failed" || saw.Failed == "" {
			t.Errorf("%s: %+v", name, saw)
		}

		detailsHold(t, saw.Details, "**failed**")
	}
}

func TestDeliverWebhooksShowsCountsOnly(t *testing.T) {
	t.Parallel()

	saw := watched(t, workflows.Promises{}.DeliverWebhooks, map[string]any{
		"DeliverWebhooks": func(ctx context.Context) (webhook.Result, error) {
			onQueue(ctx, t, workflows.VendorsQueue)

			return webhook.Result{Endpoints: 2, Delivered: 7, Deferred: 1, GivenUp: 3}, nil
		},
	})

	detailsHold(t, saw.Details, "7 delivered to 2 endpoints, 1 tried again later, 3 given up")

	if saw.Stage != "delivered" || saw.Failed != "" {
		t.Errorf("%+v", saw)
	}
}

func TestExpireOwnRecordsShowsWhatWent(t *testing.T) {
	t.Parallel()

	expired := activities.Expired{Removed: []ownrecords.Removed{{Table: "mail", Rows: 12}, {Table: "case_keys", Rows: 13}}}
	run := func(answer activities.Expired, keys func() (int, error)) messageSeen {
		return watched(t, workflows.Promises{}.ExpireOwnRecords, map[string]any{
			"ExpireRecords": func(ctx context.Context) (activities.Expired, error) {
				onQueue(ctx, t, workflows.CoreQueue)

				return answer, nil
			},
			"RewrapKeys": func(context.Context) (int, error) { return keys() },
		})
	}

	saw := run(expired, func() (int, error) { return 5, nil })
	detailsHold(t, saw.Details, "12 of mail, 13 of case_keys", "5 wrapped anew")

	if saw.Stage != "expired" {
		t.Errorf("%+v", saw)
	}

	saw = run(activities.Expired{}, func() (int, error) {
		return 0, boundary.Outside(failure.New(failure.MailRefused, "a code that is not tried again"))
	})
	detailsHold(t, saw.Details, "nothing was due", "**failed** Wrap keys anew")

	if saw.Stage != "failed" {
		t.Errorf("%+v", saw)
	}
}

// TestKeysAreWrappedAnewWhateverIsLeft: a master key that somebody may know is not kept in
// use by a row that cannot be removed, even where that took all of its time.
func TestKeysAreWrappedAnewWhateverIsLeft(t *testing.T) {
	t.Parallel()

	stays := boundary.Outside(failure.New(failure.RecordsLeft, "a row is locked"))
	saw := watched(t, workflows.Promises{}.ExpireOwnRecords, map[string]any{
		"ExpireRecords": func(context.Context) (activities.Expired, error) { return activities.Expired{}, stays },
		"RewrapKeys": func(ctx context.Context) (int, error) {
			if left := activity.GetInfo(ctx).ScheduleToCloseTimeout; left < 5*time.Minute {
				t.Errorf("it has %s", left)
			}

			return 5, nil
		},
	})
	detailsHold(t, saw.Details, "**failed** Remove", "5 wrapped anew")

	if saw.Stage != "failed" || saw.Failed != failure.RecordsLeft {
		t.Errorf("%+v", saw)
	}
}
