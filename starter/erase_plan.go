package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"steward/internal/datamap"
	"steward/internal/datamap/own"
	"steward/internal/erasure"
	"steward/internal/erasure/everywhere"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/store"
)

// plannedErasure is what erase plan prints.
type plannedErasure struct {
	// Kind is account or person.
	Kind plan.Subject `json:"kind"`
	// Map is the hash of the data map.
	Map string `json:"map_sha256"`
	// Schema is that of what the databases have of it.
	Schema string `json:"schema_sha256"`
	// Steps are what an erasure would do, in this order.
	Steps []planStep `json:"steps"`
	// NotCounted are the stores that are left out: they are counted when a case is opened.
	NotCounted []string `json:"not_counted"`
}

func newErasePlan(a *app) *cobra.Command {
	var of whom

	command := &cobra.Command{
		Use: "plan", Short: "Count what an erasure would do, and write nothing",
		Long: "Looks into every store and counts what an erasure would do there, table by table. Nothing is written, anywhere:\n" +
			"it opens no case and needs no approval. Steward's own tables are left out: they are counted when a case is opened.\n" +
			"It reads with the login that erases (APP_ERASE_DATABASE_URL), so it is for operators; who has no such login uses:\n" +
			"steward erase start --plan-only\n\n" +
			"A person's identities are read from standard input, one \"type value\" a line (email, phone, visitor, user).",
		Example: "  steward erase plan --account 4711\n  steward erase plan --person --account 4711 --json # identities on standard input",
		Args:    args(noIdentity),
		RunE:    func(command *cobra.Command, _ []string) error { return a.planErasure(command, of) },
	}
	of.flags(command)

	return command
}

// planErasure asks each store. What it is asked about lives in this process only.
func (a *app) planErasure(command *cobra.Command, of whom) error {
	ctx := command.Context()

	identities, err := of.identities(os.Stdin)
	if err != nil {
		return err
	}

	subject := store.Subject{Kind: of.kind(), Account: of.account}

	if of.person {
		typed := erasure.Identities{}
		for kind, values := range identities {
			typed[datamap.Identity(kind)] = values
		}

		if typed, err = typed.Check(); err != nil {
			return err
		}

		subject.Identities = typed.Plain()
	}

	settings, rules, err := a.load()
	if err != nil {
		return err
	}

	db, err := a.database(ctx, settings)
	if err != nil {
		return err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return err
	}

	places, err := everywhere.Open(ctx, everywhere.From{
		Config: settings, Policy: rules, Storage: storage, Steward: db, Clock: settings.Clock(), Address: settings.EraseURL,
		Pseudonyms: noPseudonyms, DryRun: true,
	})
	if err != nil {
		return err
	}
	defer places.Close()

	counted, err := erasure.Eraser{Stores: places.Stores, Decided: places}.Count(ctx, subject)
	if err != nil {
		return err
	}

	return a.showPlanned(counted)
}

// noPseudonyms gives no key: a plan erases nothing, and needs none.
func noPseudonyms(context.Context, string) ([]byte, error) {
	return nil, failure.New(failure.Internal, "asking for the key of pseudonyms while nothing is erased")
}

func (a *app) showPlanned(counted plan.Plan) error {
	result := plannedErasure{
		Kind: counted.Subject, Map: counted.Map, Schema: counted.Schema, Steps: []planStep{}, NotCounted: []string{own.Name},
	}

	for _, each := range counted.Steps {
		result.Steps = append(result.Steps, planStep{
			Store: each.Store, Place: each.Place, Action: string(each.Action), Columns: each.Columns, Rows: each.Rows, Basis: each.Basis,
			Until: each.Until,
		})
	}

	if a.console.JSON {
		return a.console.Document(result)
	}

	return a.showTables(planTable(result.Steps, "nothing was written; Steward's own tables are counted when a case is opened"))
}
