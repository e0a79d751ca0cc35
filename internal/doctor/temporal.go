package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"steward/internal/console/webui"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/setup"
)

const runSetup = "Run: steward setup"

// temporal looks at the motor of all promises: without it nothing starts.
func (d *Doctor) temporal(ctx context.Context) []Check {
	checks := []Check{d.webUI(ctx)}

	c, err := d.Dial(ctx)
	if err != nil {
		return append(checks, failed("server", err))
	}
	defer c.Close()

	if _, err := c.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: d.Namespace}); err != nil {
		check := failed("namespace", failure.Wrap(failure.TemporalUnavailable, "looking for the namespace "+d.Namespace, err))

		if _, missing := errors.AsType[*serviceerror.NamespaceNotFound](err); missing {
			check.Says, check.Hint = "there is no namespace "+d.Namespace, runSetup
		}

		return append(checks, check)
	}

	checks = append(checks, fine("namespace", "reachable, "+d.Namespace), d.attributes(ctx, c), d.stuck(ctx, c))
	for _, wanted := range d.Schedules {
		checks = append(checks, schedule(ctx, c, wanted))
	}

	return checks
}

// webUI asks the Web UI for a page; every link that Steward prints leads there.
func (d *Doctor) webUI(ctx context.Context) Check {
	const name, hint = "web ui", "Check TEMPORAL_UI_URL; promises do not depend on it, links do."

	if d.Config.TemporalUI == "" {
		return skipped(name, "TEMPORAL_UI_URL is not set; no links are printed")
	}

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Config.TemporalUI, http.NoBody)
	if err != nil {
		return warned(name, "TEMPORAL_UI_URL is no address", hint)
	}

	answer, err := (&http.Client{Transport: faults.Transport{Base: http.DefaultTransport}}).Do(request)
	if err != nil {
		return warned(name, "it does not answer", hint)
	}

	if err := answer.Body.Close(); err != nil || answer.StatusCode >= http.StatusBadRequest {
		return warned(name, fmt.Sprintf("it answers with status %d", answer.StatusCode), hint)
	}

	return fine(name, "answers")
}

func (d *Doctor) attributes(ctx context.Context, c client.Client) Check {
	const name = "search attributes"

	if err := setup.Queryable(ctx, c, d.Namespace, d.Attributes); err != nil {
		check := failed(name, err)
		check.Hint = runSetup

		return check
	}

	return fine(name, fmt.Sprintf("all %d can be searched", len(d.Attributes)))
}

// stuck counts the runs whose workflow code cannot go on; a deploy mends them.
func (d *Doctor) stuck(ctx context.Context, c client.Client) Check {
	const name = "stuck runs"

	answer, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: d.Namespace, Query: webui.Stuck})
	if err != nil {
		return failed(name, failure.Wrap(failure.TemporalUnavailable, "counting stuck runs", err))
	}

	if answer.GetCount() > 0 {
		return warned(name, fmt.Sprintf("%d runs cannot go on: their workflow tasks fail", answer.GetCount()), "Look at them: steward ui blocked")
	}

	return fine(name, "none")
}

// schedule compares one schedule with what is wanted, and shows what it missed.
// One that does not act breaks a promise in silence, and has that code: Temporal
// itself is well.
func schedule(ctx context.Context, c client.Client, wanted setup.Schedule) Check {
	name := "schedule " + wanted.ID

	described, err := c.ScheduleClient().GetHandle(ctx, wanted.ID).Describe(ctx)

	var missing *serviceerror.NotFound

	switch {
	case errors.As(err, &missing):
		return wrong(name, failure.PromiseBroken, "there is none; the promise does not act by itself", runSetup)
	case err != nil:
		return failed(name, failure.Wrap(failure.TemporalUnavailable, "looking at a schedule", err))
	}

	changes, err := wanted.Changes(described.Schedule)
	if err != nil {
		return failed(name, err)
	}

	if len(changes) > 0 {
		return wrong(name, failure.PromiseBroken, "not as wanted: "+strings.Join(changes, "; "), runSetup)
	}

	return running(name, wanted, described)
}

// running judges a schedule that is as wanted: is it paused, did it miss a start.
func running(name string, wanted setup.Schedule, described *client.ScheduleDescription) Check {
	info := described.Info
	missed := fmt.Sprintf("%d starts missed for good, %d skipped because a run was still at work",
		info.NumActionsMissedCatchupWindow, info.NumActionsSkippedOverlap)

	switch {
	case described.Schedule.State != nil && described.Schedule.State.Paused:
		return wrong(name, failure.PromiseBroken, "it is paused; the promise does not act by itself",
			"To go on: temporal schedule toggle --unpause --schedule-id "+wanted.ID)
	case len(info.NextActionTimes) == 0:
		return wrong(name, failure.PromiseBroken, "it has no next time", runSetup)
	case info.NumActionsMissedCatchupWindow > 0:
		return warned(name, missed, "See which days lack a backup: steward backup list")
	default:
		return fine(name, missed)
	}
}
