package workflows_test

import (
	"context"
	"testing"

	"steward/activities"
	"steward/internal/boundary"
	"steward/internal/erasure"
	"steward/internal/erasure/nightly"
	"steward/internal/failure"
	"steward/workflows"
)

func TestErasureResidueShowsWhatIsLeft(t *testing.T) {
	t.Parallel()

	run := func(night activities.ResidueNight, looked, judged error) (saw messageSeen, decided bool) {
		saw = watched(t, workflows.Promises{}.ErasureResidue, map[string]any{
			"LookForResidue": func(ctx context.Context) (activities.ResidueNight, error) {
				onQueue(ctx, t, workflows.ResidueQueue)

				return night, looked
			},
			"JudgeResidue": func(ctx context.Context) (erasure.ResidueJudged, error) {
				onQueue(ctx, t, workflows.CoreQueue)

				decided = true

				return erasure.ResidueJudged{Passes: 1, Blocked: 2}, judged
			},
		})

		return saw, decided
	}

	night := activities.ResidueNight{Passes: []nightly.Looked{{
		Database: "app", Erasures: 7, Later: 4, Sought: 9, Weak: 3, Left: 2, Elsewhere: 1,
		Places: []nightly.Hit{
			{Place: "app.notes.body", Whose: "left", Erasures: 2, Rows: 3}, {Place: "app.leads.email", Whose: "elsewhere", Erasures: 1, Rows: 8},
		},
	}}}

	saw, decided := run(night, nil, nil)
	detailsHold(t, saw.Details, "app: 9 identifiers of 7 erasures, 3 too common", "left of 2, and in others' data of 1",
		"4 erasures come the next night", "2 stopped",
		"**left** app app.notes.body: 3 rows about 2 erasures (to be removed)", "**elsewhere** app app.leads.email: 8 rows about 1 erasures (another")

	if saw.Stage != "looked" || saw.Failed != "" || !decided {
		t.Errorf("%+v", saw)
	}

	refused := boundary.Outside(failure.New(failure.StoreRefuses, "a code that is not tried again"))

	saw, decided = run(activities.ResidueNight{}, refused, nil)
	if saw.Stage != "failed" || saw.Failed != failure.StoreRefuses || !decided {
		t.Errorf("what was found before a database failed is decided all the same: %+v", saw)
	}

	detailsHold(t, saw.Details, "store_refuses", "2 stopped")

	saw, _ = run(activities.ResidueNight{}, refused, boundary.Outside(failure.New(failure.QueryRefused, "a code that is not tried again")))
	if saw.Stage != "failed" || saw.Failed != failure.StoreRefuses {
		t.Errorf("the first of two failures is that of the night: %+v", saw)
	}

	saw, _ = run(night, nil, boundary.Outside(failure.New(failure.QueryRefused, "a code that is not tried again")))
	if saw.Stage != "failed" || saw.Failed != failure.QueryRefused {
		t.Errorf("%+v", saw)
	}
}
