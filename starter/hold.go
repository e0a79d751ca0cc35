package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
	"steward/internal/failure"
)

// holdRow is one legal hold, as the API shows it.
type holdRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Kind is account or person.
	Kind string `json:"kind"`
	// Account is the id of the account; of a person, that of the customer whose data they are in.
	Account string `json:"account,omitempty"`
	// Basis is what it rests on.
	Basis string `json:"basis"`
	// SetBy is the opaque id of who set it.
	SetBy string `json:"set_by"`
	// SetAt is when.
	SetAt time.Time `json:"set_at"`
	// Until is when it ends by itself.
	Until time.Time `json:"until"`
	// ReleasedAt is when it ended.
	ReleasedAt time.Time `json:"released_at,omitzero"`
	// ReleasedBy is the opaque id of who released it; absent where its time ended it.
	ReleasedBy string `json:"released_by,omitempty"`
	// TooLate are erasures that were decided for good before it was set.
	TooLate []string `json:"too_late,omitempty"`
}

// holdsResult is what hold list prints.
type holdsResult struct {
	// Holds are the newest first.
	Holds []holdRow `json:"holds"`
}

// holdsPage is one page of them.
type holdsPage struct {
	holdsResult

	Next string `json:"next_cursor"`
}

func newHold(a *app) *cobra.Command {
	return group("hold", "Set, release and list legal holds",
		"While a legal hold stands, no erasure of what it protects is decided. Each has a basis and an end date; past\n"+
			"that it ends by itself, and opens a task for a lead.",
		"  steward hold set --account 4711 --basis \"docket 2026/117\" --until 2027-11-22\n  steward hold list",
		newHoldSet(a), newHoldRelease(a), newHoldList(a))
}

func newHoldSet(a *app) *cobra.Command {
	var (
		of           whom
		basis, until string
	)

	command := &cobra.Command{
		Use: "set", Short: "Set a legal hold on an account, or on a person",
		Long: "Sets a hold in your name. One of an account protects the persons in it too, one of a person the account that\n" +
			"they are in. The basis is a reference such as a docket number, no name of a person. An erasure that was decided\n" +
			"for good before is named: nothing stops it.\n\n" +
			"A person's identities are read from standard input, one \"type value\" a line (email, phone, visitor, user).",
		Example: "  steward hold set --account 4711 --basis \"docket 2026/117\" --until 2027-11-22\n" +
			"  steward hold set --person --account 4711 --basis \"docket 2026/118\" --until 2027-11-22 # identities on standard input",
		Args: args(noIdentity),
		RunE: func(command *cobra.Command, _ []string) error {
			end, err := time.Parse(time.DateOnly, until)
			if err != nil || basis == "" {
				return failure.New(failure.UsageWrong, "reading --basis and --until (a reference, and a day such as 2027-11-22)")
			}

			body, err := of.body()
			if err != nil {
				return err
			}

			body["basis"], body["until"] = basis, end

			return a.callHold(command, "/v1/holds", body)
		},
	}
	of.flags(command)
	command.Flags().StringVar(&basis, "basis", "", "what it rests on")
	command.Flags().StringVar(&until, "until", "", "the day, in UTC, at whose begin it ends by itself")

	return command
}

func newHoldRelease(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "release ID", Short: "Release a legal hold",
		Long:    "Releases a hold in your name. Erasures that it stopped are planned anew, and approved anew.",
		Example: "  steward hold release hld_nb2hi4dthixs653xo4xg2zi3ke", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.callHold(command, apiclient.Path("v1", "holds", given[0], "release"), nil)
		},
	}
}

func newHoldList(a *app) *cobra.Command {
	var all bool

	command := &cobra.Command{
		Use: listCommand, Short: "List the legal holds that stand, the newest first",
		Long:    "Lists the holds that stand, the newest first; with --all those that have ended too.",
		Example: "  steward hold list\n  steward hold list --all --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			path := "/v1/holds?state=" + map[bool]string{true: "all", false: "standing"}[all]

			found, err := listed(command.Context(), a, path, everything,
				func(page holdsPage) ([]holdRow, string) { return page.Holds, page.Next })
			if err != nil {
				return err
			}

			return a.showHolds(holdsResult{Holds: found})
		},
	}
	command.Flags().BoolVar(&all, "all", false, "those that have ended too")

	return command
}

// callHold calls an operation that answers with one hold, and prints it.
func (a *app) callHold(command *cobra.Command, path string, in any) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	var found holdRow
	if err := client.Do(command.Context(), http.MethodPost, path, in, &found); err != nil {
		return err
	}

	if a.console.JSON {
		return a.console.Document(found)
	}

	return a.showHolds(holdsResult{Holds: []holdRow{found}})
}

func (a *app) showHolds(result holdsResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"HOLD", "PROTECTS", "BASIS", "SET", "UNTIL", stateColumn}, Empty: "no hold stands"}

	for _, each := range result.Holds {
		state := "stands"
		if !each.ReleasedAt.IsZero() {
			state = "ended " + a.console.When(each.ReleasedAt)
		}

		if len(each.TooLate) > 0 {
			state += ", too late for " + strings.Join(each.TooLate, ", ")
		}

		protects := erasureRow{Kind: each.Kind, Account: each.Account}
		table.Add(console.Cells(each.ID, protects.subject(), each.Basis, a.console.When(each.SetAt), a.console.When(each.Until), state)...)
	}

	return a.console.Table(table)
}
