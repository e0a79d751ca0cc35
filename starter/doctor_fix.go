package main

import (
	"context"

	"steward/internal/console"
	"steward/internal/doctor"
	"steward/internal/failure"
	"steward/internal/guard"
	"steward/internal/operator"
)

// fixFlags are those of doctor that change something.
type fixFlags struct{ fix, yes bool }

func (f fixFlags) check() error {
	if f.yes && !f.fix {
		return failure.New(failure.UsageWrong, "reading --yes (it says yes to what --fix asks, and there is no --fix)")
	}

	return nil
}

// fix shows what would be mended, asks where it must, and mends. It fails with NotConfirmed where something was left since nobody said
// yes; what is safe was mended then.
func (a *app) fix(ctx context.Context, visit *doctor.Doctor, yes bool) ([]doctor.Mend, error) {
	plan, err := visit.Plan(ctx)
	if err != nil || len(plan.Mends) == 0 {
		return nil, err
	}

	a.showMends(plan)

	if plan.Asks() && !yes {
		yes = a.console.Ask("Do what is marked as a risk too?")
	}

	mends, err := a.mend(ctx, visit, plan, yes)
	if err == nil && plan.Asks() && !yes {
		err = failure.New(failure.NotConfirmed, "mending the buckets")
	}

	return mends, err
}

// mend does what the plan says, as an act in the ledger: its intent before, its outcome behind. Where the intent cannot be written
// nothing is changed. A plan that changes nothing is no act.
func (a *app) mend(ctx context.Context, visit *doctor.Doctor, plan doctor.Plan, yes bool) ([]doctor.Mend, error) {
	if len(plan.Does(yes)) == 0 {
		return visit.Mend(ctx, plan, yes)
	}

	db, err := a.database(ctx, visit.Config)
	if err != nil {
		return plan.Mends, err
	}

	mends := plan.Mends
	direct := operator.Direct{Verb: operator.MendBuckets, Object: operator.Buckets, InputSHA256: plan.SHA256(yes)}

	act, err := direct.Do(ctx, db, visit.Clock, func(ctx context.Context) (err error) {
		mends, err = visit.Mend(ctx, plan, yes)

		return err
	})
	if act != "" {
		a.console.Notef("The ledger has it as %s.", act)
	}

	return mends, err
}

// showMends tells people what is about to happen; a program reads it in the
// report.
func (a *app) showMends(plan doctor.Plan) {
	a.console.Notef("The plan:")

	for _, one := range plan.Mends {
		switch one.Care {
		case guard.ByHand:
			a.console.Notef("- %s: %s; a person has to: %s", one.Bucket, one.Says, one.Mend)
		case guard.Asks:
			a.console.Notef("- %s: %s; as by: %s (risk: %s)", one.Bucket, one.Says, one.Mend, one.Risk)
		case guard.Safe:
			a.console.Notef("- %s: %s; as by: %s", one.Bucket, one.Says, one.Mend)
		}
	}
}

// mendRows are the lines of what was mended, and of what was not.
func mendRows(mends []doctor.Mend) []console.Row {
	tones := map[doctor.Outcome]console.Tone{
		doctor.Mended: console.Good, doctor.Planned: console.Warning, doctor.Left: console.Warning, doctor.Person: console.Bad,
	}

	rows := make([]console.Row, len(mends))
	for i, one := range mends {
		rows[i] = console.Row{Cells: []console.Cell{
			{Text: "mend"}, {Text: one.Bucket}, {Text: string(one.Outcome), Tone: tones[one.Outcome]}, {Text: one.Says},
		}}
	}

	return rows
}
