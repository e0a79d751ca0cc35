package main

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
)

// planStep is one step of a plan.
type planStep struct {
	// Store is the store, such as a database.
	Store string `json:"store"`
	// Place is the table, or the bucket.
	Place string `json:"place,omitempty"`
	// Action is what is done there.
	Action string `json:"action"`
	// Columns are those that are overwritten, unlinked or retained.
	Columns []string `json:"columns,omitempty"`
	// Rows is how many; -1 where the store cannot count.
	Rows int64 `json:"rows"`
	// Basis is why it is retained.
	Basis string `json:"basis,omitempty"`
	// Until is for how long it is.
	Until string `json:"until,omitempty"`
}

// erasurePlan is the newest plan of an erasure.
type erasurePlan struct {
	// SHA256 is the hash that is approved: of Text.
	SHA256 string `json:"sha256"`
	// Text is the plan as it is hashed.
	Text string `json:"text"`
	// MadeAt is when it was made.
	MadeAt time.Time `json:"made_at"`
	// Map is the hash of the data map.
	Map string `json:"map_sha256"`
	// Steps are what will be done, in this order.
	Steps []planStep `json:"steps"`
}

// erasureStore is how one store came out.
type erasureStore struct {
	// Store is its name.
	Store string `json:"store"`
	// Outcome is how it came out.
	Outcome string `json:"outcome"`
	// Count is how many rows or objects.
	Count int64 `json:"count"`
	// Parts are all that became of rows, where outcome and count do not say it all.
	Parts []erasurePart `json:"parts,omitempty"`
	// Code is why it failed, or why nobody can say when it is gone.
	Code string `json:"code,omitempty"`
	// GoneBy is when nothing can be left there.
	GoneBy time.Time `json:"gone_by,omitzero"`
}

// erasurePart is one of several things that became of rows.
type erasurePart struct {
	// Outcome is erased, pseudonymised or retained.
	Outcome string `json:"outcome"`
	// Count is how many rows.
	Count int64 `json:"count"`
	// Basis is the published exception under which they are retained.
	Basis string `json:"basis,omitempty"`
	// For is for how long at most they are.
	For string `json:"for,omitempty"`
}

// erasureLeft is what was found in one place.
type erasureLeft struct {
	// Store is the store.
	Store string `json:"store"`
	// Place is the table, the column or the bucket.
	Place string `json:"place"`
	// Rows is how many.
	Rows int64 `json:"rows"`
	// Why is what was looked for.
	Why string `json:"why"`
}

// erasureWhole is what erase show prints.
type erasureWhole struct {
	erasureRow

	// Plan is the newest one; absent until it is made.
	Plan *erasurePlan `json:"plan,omitempty"`
	// Stores are how each store came out.
	Stores []erasureStore `json:"stores"`
	// Left is what was found still there the last time.
	Left []erasureLeft `json:"left"`
}

func newEraseShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: showCommand, Short: "Show an erasure: its plan, how each store came out, what is left",
		Long: "Shows an erasure with its newest plan, how each store came out, and what was found still there.\n" +
			"Ids stand in: steward erase list",
		Example: "  steward erase show era_nb2hi4dthixs653xo4xg2zi3ke", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			found, err := a.erasure(command.Context(), given[0])
			if err != nil {
				return err
			}

			return a.showErasure(found)
		},
	}
}

// erasure reads one erasure with everything about it.
func (a *app) erasure(ctx context.Context, id string) (found erasureWhole, err error) {
	client, err := a.api()
	if err != nil {
		return found, err
	}

	err = client.Do(ctx, http.MethodGet, apiclient.Path("v1", "erasures", id), nil, &found)

	return found, err
}

func (a *app) showErasure(found erasureWhole) error {
	if a.console.JSON {
		return a.console.Document(found)
	}

	tables := []console.Table{a.erasureTable(found.erasureRow)}
	if found.Plan != nil {
		tables = append(tables, planTable(found.Plan.Steps, "plan "+found.Plan.SHA256)...)
	}

	if len(found.Stores) > 0 {
		tables = append(tables, a.storesTable(found.Stores))
	}

	if len(found.Left) > 0 {
		left := console.Table{Head: []string{"LEFT IN", "PLACE", rowsColumn, "FOUND AS"}}
		for _, each := range found.Left {
			left.Add(console.Cell{Text: each.Store}, console.Cell{Text: each.Place},
				console.Cell{Text: strconv.FormatInt(each.Rows, 10), Tone: console.Bad}, console.Cell{Text: each.Why})
		}

		tables = append(tables, left)
	}

	return a.showTables(tables)
}

func (a *app) showTables(tables []console.Table) error {
	for _, table := range tables {
		if err := a.console.Table(table); err != nil {
			return err
		}
	}

	return nil
}

// rowsColumn heads the counts.
const rowsColumn = "ROWS"

// planTable shows what a plan will do, and its title on a line of its own: a hash as long as
// that would make a column of the table wide.
func planTable(steps []planStep, title string) []console.Table {
	table := console.Table{Head: []string{"STORE", "PLACE", "ACTION", rowsColumn, "NOTE"}, Empty: title + ": nothing was found"}

	for _, each := range steps {
		rows := strconv.FormatInt(each.Rows, 10)
		if each.Rows < 0 {
			rows = "not counted"
		}

		note := strings.Join(each.Columns, ", ")
		if each.Basis != "" {
			note = strings.TrimPrefix(note+"; "+each.Basis+" until "+each.Until, "; ")
		}

		table.Add(console.Cells(each.Store, console.OrDash(each.Place), each.Action, rows, console.OrDash(note))...)
	}

	if len(steps) == 0 {
		return []console.Table{table}
	}

	return []console.Table{table, {Empty: title}}
}

func (a *app) storesTable(stores []erasureStore) console.Table {
	table := console.Table{Head: []string{"STORE", "OUTCOME", rowsColumn, "GONE BY", "WHY NOT"}}

	for _, each := range stores {
		var tone console.Tone
		if each.Outcome == "failed" {
			tone = console.Bad
		}

		table.Add(console.Cell{Text: each.Store}, console.Cell{Text: each.Outcome, Tone: tone},
			console.Cell{Text: strconv.FormatInt(each.Count, 10)}, console.Cell{Text: a.console.When(each.GoneBy)},
			console.Cell{Text: console.OrDash(each.Code)})

		for _, part := range each.Parts {
			outcome := "  " + part.Outcome
			if part.Basis != "" {
				outcome += " (" + part.Basis + ", " + part.For + ")"
			}

			table.Add(console.Cells("", outcome, strconv.FormatInt(part.Count, 10), "", "")...)
		}
	}

	return table
}

func newEraseApprove(a *app) *cobra.Command {
	var execute string

	command := &cobra.Command{
		Use: "approve ID", Short: "Show the plan of an erasure, and approve it by its hash",
		Long: "Shows the plan that waits for an approval, with its hash. With --execute and that hash it is approved in your\n" +
			"name, which is written down: then the subject is closed, looked at once more, and erased. A lead approves, and\n" +
			"never who asked for the erasure or opened it. Nothing takes it back once it is decided.",
		Example: "  steward erase approve era_nb2hi4dthixs653xo4xg2zi3ke\n" +
			"  steward erase approve era_nb2hi4dthixs653xo4xg2zi3ke --execute 4f1c...",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			if execute != "" {
				client, err := a.api()
				if err != nil {
					return err
				}

				path, agreed := apiclient.Path("v1", "erasures", given[0], "approval"), map[string]string{"plan_sha256": execute}
				if err := client.Do(command.Context(), http.MethodPost, path, agreed, &erasureRow{}); err != nil {
					return err
				}
			}

			found, err := a.erasure(command.Context(), given[0])
			if err != nil {
				return err
			}

			if err := a.showErasure(found); err != nil {
				return err
			}

			if execute != "" {
				return a.sayApproved(found)
			}

			return a.sayHowToApprove(found)
		},
	}
	command.Flags().StringVar(&execute, "execute", "", "the hash of the plan that you have read and agree to")

	return command
}

// sayHowToApprove tells whoever has read a plan that waits what comes next.
func (a *app) sayHowToApprove(found erasureWhole) error {
	switch {
	case a.console.JSON:
		return nil
	case found.Stage != "awaiting_approval" || found.Plan == nil:
		return a.console.Say("nothing of it waits for an approval")
	default:
		return a.console.Say("to approve this plan: steward erase approve %s --execute %s", found.ID, found.Plan.SHA256)
	}
}

// sayApproved says that the approval is written down, since what is shown is how the case stood at that moment.
func (a *app) sayApproved(found erasureWhole) error {
	if a.console.JSON {
		return nil
	}

	return a.console.Say("approved in your name; it goes on within seconds: steward erase show %s", found.ID)
}
