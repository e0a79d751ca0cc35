package workflows_test

import (
	"context"
	"testing"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/failure"
	"steward/workflows"
)

func TestDatamapAuditShowsWhatDoesNotFit(t *testing.T) {
	t.Parallel()

	run := func(look activities.MapLook, err error) messageSeen {
		return watched(t, workflows.Promises{}.DatamapAudit, map[string]any{
			"CheckDataMap": func(ctx context.Context) (activities.MapLook, error) {
				onQueue(ctx, t, workflows.BackupQueue)

				return look, err
			},
		})
	}

	saw := run(activities.MapLook{Hash: "h", Tables: 28, Notes: 1}, nil)
	detailsHold(t, saw.Details, "**done** Read the schemas", "28 tables, all decided; 1 notes")

	if saw.Stage != "agrees" || saw.Failed != "" {
		t.Errorf("%+v", saw)
	}

	saw = run(activities.MapLook{Tables: 28, Wrong: 2, Findings: []string{"app app.leads: nobody decided about column nickname"}}, nil)
	detailsHold(t, saw.Details, "2 findings", "datamap_drift", "steward datamap check", "**wrong** app app.leads: nobody decided")

	if saw.Stage != "drift" || saw.Failed != "" {
		t.Errorf("%+v", saw)
	}

	undeclared := []string{"app has archived WAL that the policy does not declare"}

	saw = run(activities.MapLook{Tables: 28, Undeclared: undeclared}, nil)
	detailsHold(t, saw.Details, "28 tables, all decided", "**undeclared** app has archived WAL", "Declare it under copies in the policy")

	if saw.Stage != "agrees" || saw.Failed != "" {
		t.Errorf("%+v", saw)
	}

	saw = run(activities.MapLook{Tables: 28, Wrong: 1, Findings: []string{"app app.leads: nobody decided"}, Undeclared: undeclared}, nil)
	detailsHold(t, saw.Details, "**wrong** app app.leads", "**undeclared** app has archived WAL")

	saw = run(activities.MapLook{Wrong: 1, Code: failure.DataMapInvalid}, nil)
	detailsHold(t, saw.Details, "nothing can be erased", "datamap_invalid")

	if saw.Stage != "drift" {
		t.Errorf("%+v", saw)
	}

	saw = run(activities.MapLook{}, boundary.Outside(failure.New(failure.QueryRefused, "a code that is not tried again")))
	detailsHold(t, saw.Details, "**failed**")

	if saw.Stage != "failed" || saw.Failed != failure.QueryRefused {
		t.Errorf("%+v", saw)
	}
}
