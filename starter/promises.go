package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/evidence"
	"steward/internal/failure"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/promise"
)

// promisesResult is what promises prints.
type promisesResult struct {
	// AsOf is the instant at which the promises were judged.
	AsOf time.Time `json:"as_of"`
	// Policy is the hash of the policy in force.
	Policy string `json:"policy"`
	// Alarming says that one of them is at risk or broken.
	Alarming bool `json:"alarming"`
	// Promises are in the order of the policy; backups have one status for each
	// item, those that left the policy last, until nothing of them is stored.
	Promises []promise.Status `json:"promises"`
}

func newPromises(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "promises", Short: "Say of each promise whether it is kept, at risk or broken",
		Long: "Judges every promise of the policy by its evidence (the catalogue, the ledger and its mirror), not by\n" +
			"whether something runs. Whether each backup still lies in the bucket is looked at by the hourly prune, whose\n" +
			"findings count here; \"steward backup verify\" compares every byte's checksum. What the policy names no longer\n" +
			"is judged until nothing of it is stored: whether it goes at its time.\n\n" +
			"  kept       positive evidence proves it\n" +
			"  at risk    evidence is due and missing, but there is still time\n" +
			"  broken     it was not kept, or nothing proves that it was\n" +
			"  armed      set up; the first evidence is due at the time shown\n" +
			"  observed   in observe mode; the reason says what it would be\n" +
			"  not built  this version of Steward does not keep it\n\n" +
			"Only at risk and broken exit with another code than 0: with 5.",
		Example: "  steward promises\n  steward promises --json | jq '.promises[] | select(.state == \"broken\")'",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			settings, rules, err := a.load()
			if err != nil {
				return err
			}

			db, err := a.database(command.Context(), settings)
			if err != nil {
				return err
			}

			result, err := judge(command.Context(), db, settings, rules)
			if err != nil {
				return err
			}

			if err := a.showPromises(result); err != nil {
				return err
			}

			if result.Alarming {
				return failure.New(failure.PromiseBroken, "judging the promises")
			}

			return nil
		},
	}
}

// judge reads all evidence as of one instant of the database.
func judge(ctx context.Context, db *postgres.DB, settings config.Config, rules *policy.Policy) (promisesResult, error) {
	result := promisesResult{AsOf: settings.Clock().Now(), Policy: rules.Hash()}

	err := db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		found, err := evidence.Gather(ctx, evidence.Sources{Steward: tx, OffFile: settings.OffFile}, rules)
		result.Promises = promise.Evaluate(rules.Rules(), found, result.AsOf)

		return err
	})
	result.Alarming = promise.Alarming(result.Promises)

	return result, failure.Wrap(failure.Unavailable, "gathering the evidence", err)
}

func (a *app) showPromises(result promisesResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{
		Head: []string{"PROMISE", "OF", stateColumn, "NEWEST EVIDENCE", "NEXT DUE"}, Empty: "the policy makes no promise",
	}

	for _, status := range result.Promises {
		row := console.Row{Cells: []console.Cell{
			{Text: string(status.Promise)},
			{Text: console.OrDash(status.Item)},
			{Text: string(status.State), Tone: toneOf(status.State)},
			{Text: a.console.When(status.NewestEvidence)},
			{Text: a.console.When(status.NextDue)},
		}}
		if status.State != promise.NotBuilt {
			row.Note = status.Reason
		}

		table.Rows = append(table.Rows, row)
	}

	return a.console.Table(table)
}

func toneOf(state promise.State) console.Tone {
	switch state {
	case promise.Kept:
		return console.Good
	case promise.AtRisk:
		return console.Warning
	case promise.Armed, promise.Observed:
		return console.Neutral
	case promise.NotBuilt:
		return console.Faint
	case promise.Broken:
		return console.Bad
	default:
		return console.Bad // an unknown state alarms
	}
}
