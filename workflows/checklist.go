package workflows

import (
	"fmt"
	"strings"

	"go.temporal.io/sdk/workflow"

	"steward/internal/boundary"
	"steward/internal/failure"
)

// checklist is what the Temporal Web UI shows as a run's current details: what
// is done, what is at work, what waits.
type checklist struct {
	steps []item
}

type item struct{ text, mark, note string }

// The marks of a step: words, since not every machine has a font for signs.
const (
	waits  = "waits"
	atWork = "at work"
	done   = "done"
	failed = "failed"
)

func newChecklist(ctx workflow.Context, texts ...string) *checklist {
	list := &checklist{}
	for _, text := range texts {
		list.steps = append(list.steps, item{text: text, mark: waits})
	}

	list.show(ctx)

	return list
}

// add puts a step at the end and gives its number.
func (l *checklist) add(ctx workflow.Context, text string) int {
	l.steps = append(l.steps, item{text: text, mark: waits})
	l.show(ctx)

	return len(l.steps) - 1
}

func (l *checklist) start(ctx workflow.Context, step int) { l.set(ctx, step, atWork, "") }

func (l *checklist) done(ctx workflow.Context, step int, note string) { l.set(ctx, step, done, note) }

// failed marks a step whose activity came back with an error, and gives the
// error back unchanged: Temporal reads its type.
func (l *checklist) failed(ctx workflow.Context, step int, err error) error {
	if err == nil {
		return nil
	}

	row := failure.Lookup(boundary.CodeOf(err))
	l.set(ctx, step, failed, fmt.Sprintf("%s (%#q). %s", row.Text, row.Code, row.Hint))

	return err
}

func (l *checklist) set(ctx workflow.Context, step int, mark, note string) {
	l.steps[step].mark, l.steps[step].note = mark, note
	l.show(ctx)
}

func (l *checklist) show(ctx workflow.Context) {
	var text strings.Builder

	for _, step := range l.steps {
		text.WriteString("- **" + step.mark + "** " + step.text)

		if step.note != "" {
			text.WriteString(": " + step.note)
		}

		text.WriteString("\n")
	}

	workflow.SetCurrentDetails(ctx, text.String())
}
