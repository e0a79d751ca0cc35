package workflows

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/activities"
	"steward/internal/erasure"
	"steward/internal/erasure/nightly"
	"steward/internal/promise"
)

// ErasureResidueName is the registered name of ErasureResidue.
const ErasureResidueName = "ErasureResidue"

// ResidueQueue is worked by the erase role too. A pass may take all night, and no erasure waits for it.
const ResidueQueue = "erase-residue"

// judgeChange is the change by which a night in which a database failed decides about what it found in the others.
const judgeChange = "residue-judged-after-a-failure"

// judgeBudget is what of a night is kept for what follows from it.
const judgeBudget = time.Hour

// ErasureResidue keeps "deleted for good" by night: one pass over all texts of the app's databases for the unique identifiers
// of everybody whose erasure is still open. What is left of one of them stops that erasure until somebody has removed it;
// a hit in another controller's data is reported only. It takes no input: whom it looks for, and how far it is, says the
// database.
func (p Promises) ErasureResidue(ctx workflow.Context) (activities.ResidueNight, error) {
	var (
		look   *activities.Residues
		decide *activities.Erasures
		night  activities.ResidueNight
		judged erasure.ResidueJudged
	)

	list := newChecklist(ctx, "Look through all texts for everybody who was erased", "Stop the erasures of whom something is left")
	stage(ctx, PromiseKey.ValueSet(string(promise.Erasure)), StageKey.ValueSet("looking"))
	list.start(ctx, 0)

	end := p.deadlineIn(workflow.Now(ctx), budget)
	looking := p.deadlineIn(workflow.Now(ctx), budget-judgeBudget)

	step := p.bulk(ctx, looking.left(ctx), ResidueQueue, "Look through all texts of the databases")
	looked := list.failed(ctx, 0, workflow.ExecuteActivity(withoutTries(step), look.LookForResidue).Get(ctx, &night))

	switch {
	case looked == nil:
		list.done(ctx, 0, passes(night))
	case workflow.GetVersion(ctx, judgeChange, workflow.DefaultVersion, 1) == workflow.DefaultVersion:
		stage(ctx, StageKey.ValueSet("failed"))

		return night, looked
	}

	for _, each := range night.Passes {
		for _, hit := range each.Places {
			list.steps = append(list.steps, item{text: place(each.Database, hit), mark: hit.Whose})
		}
	}

	list.start(ctx, 1)

	// Also where a database failed: what was found in the others stands in the database, and stops its cases tonight.
	step = p.quick(ctx, end.left(ctx), CoreQueue, "Write what was found to the ledger, and decide what follows")
	if err := workflow.ExecuteActivity(step, decide.JudgeResidue).Get(ctx, &judged); err != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return night, cmp.Or(looked, list.failed(ctx, 1, err))
	}

	night.Blocked = judged.Blocked
	list.done(ctx, 1, fmt.Sprintf("%d stopped; `steward erase list` shows them", judged.Blocked))

	if looked != nil {
		stage(ctx, StageKey.ValueSet("failed"))

		return night, looked
	}

	stage(ctx, StageKey.ValueSet("looked"))

	return night, nil
}

// place says where something was found, and who decides about it.
func place(database string, hit nightly.Hit) string {
	who := map[string]string{"elsewhere": "another controller's data", "decided": "the data map lets it stay", "left": "to be removed"}

	return fmt.Sprintf("%s %s: %d rows about %d erasures (%s)", database, hit.Place, hit.Rows, hit.Erasures, who[hit.Whose])
}

// passes says what was found, database by database.
func passes(night activities.ResidueNight) string {
	parts := make([]string, 0, len(night.Passes))

	for _, each := range night.Passes {
		text := fmt.Sprintf("%s: %d identifiers of %d erasures, %d too common to be looked for; "+
			"something is left of %d, and in others' data of %d",
			each.Database, each.Sought, each.Erasures, each.Weak, each.Left, each.Elsewhere)
		if each.Later > 0 {
			text += fmt.Sprintf("; %d erasures come the next night", each.Later)
		}

		if each.Unopened > 0 {
			text += fmt.Sprintf("; %d do not open and were not looked for", each.Unopened)
		}

		parts = append(parts, text)
	}

	return strings.Join(parts, "\n")
}
