package workflows

import (
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"steward/internal/erasure"
	"steward/internal/failure"
)

// milestone is one line of the way of an erasure, as the Temporal Web UI shows it.
type milestone struct {
	// stages are those in which it is at work.
	stages []erasure.Stage
	text   string
}

// erasureWay are the lines, in the order of the sentence that the run keeps.
func erasureWay() []milestone {
	return []milestone{
		{[]erasure.Stage{erasure.Requested}, "Count what there is of the subject, and plan its erasure"},
		{[]erasure.Stage{erasure.Planned, erasure.AwaitingApproval}, "Have the plan approved, where the cause asks for it"},
		{[]erasure.Stage{erasure.Closing}, "Close the subject, and look once more"},
		{[]erasure.Stage{erasure.Tombstoned}, "Decide for good, sealed in the ledger"},
		{[]erasure.Stage{erasure.Executing}, "Erase in every store"},
		{[]erasure.Stage{erasure.Verifying}, "Look for what is left"},
		{[]erasure.Stage{erasure.Answered}, "Make the first certificate"},
		{[]erasure.Stage{erasure.Waiting}, "Gone everywhere, and the final certificate"},
	}
}

// progress is what is shown of a run: how the case stands, how far it was seen to come, and what is being done now.
type progress struct {
	seen erasure.Seen
	// passed is how many lines of the way lie behind it.
	passed int
	// now is the activity at work, or what the run waits for; waiting tells which.
	now     string
	waiting bool
}

// saw takes over how the case stands.
func (p *progress) saw(seen erasure.Seen) {
	p.seen = seen

	for i, line := range erasureWay() {
		for _, stage := range line.stages {
			if stage == seen.Stage {
				p.passed = i
			}
		}
	}

	if seen.Stage == erasure.Done {
		p.passed = len(erasureWay())
	}
}

// text is the list: what is done, what is at work, what waits; then where the case stands, for whom it waits, and until when.
func (p *progress) text() string {
	var out strings.Builder

	for i, line := range erasureWay() {
		mark := waits

		switch {
		case i < p.passed:
			mark = done
		case i == p.passed && !p.seen.Stage.WaitsForPeople() && !p.seen.Stage.Ended():
			mark = atWork
		}

		out.WriteString("- **" + mark + "** " + line.text + "\n")
	}

	out.WriteString("\n**" + string(p.seen.Stage) + "**: " + p.seen.Stage.Text() + p.forWhom() + "\n")

	if p.now != "" {
		mark := atWork
		if p.waiting {
			mark = waits
		}

		out.WriteString("\n" + mark + ": " + p.now + "\n")
	}

	return out.String()
}

// forWhom says who leads on, with which command, and until when it waits.
func (p *progress) forWhom() string {
	switch p.seen.Stage {
	case erasure.AwaitingApproval:
		return ". A lead who did not open it: `steward erase approve`"
	case erasure.Blocked:
		row := failure.Lookup(p.seen.Code)

		return ". " + row.Text + " (`" + string(row.Code) + "`). " + row.Hint
	case erasure.Held:
		return ". See: `steward hold list`"
	case erasure.Waiting:
		if p.seen.GoneBy.IsZero() {
			return ". A store cannot say by when: `steward erase show`"
		}

		return ", by " + p.seen.GoneBy.UTC().Format(time.RFC3339)
	default:
		return ""
	}
}

// show writes the list into the run's current details.
func (p *progress) show(ctx workflow.Context, now string, waiting bool) {
	p.now, p.waiting = now, waiting

	workflow.SetCurrentDetails(ctx, p.text())
}
