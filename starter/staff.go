package main

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
)

// staffRow is one member of staff.
type staffRow struct {
	// ID is opaque; acts and the ledger name it.
	ID string `json:"id"`
	// Handle is what operators call the access.
	Handle string `json:"handle"`
	// Role says what they may do (docs/roles.md).
	Role string `json:"role"`
	// State is holds, expired (no token holds) or ended.
	State string `json:"state"`
	// Since is when the access began.
	Since time.Time `json:"since"`
	// EndedAt is when it ended.
	EndedAt *time.Time `json:"ended_at,omitempty"`
	// ExpiresAt is when the last of their tokens expires.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// staffResult is what staff list prints.
type staffResult struct {
	// Staff are all members, those that ended too, in no order that says anything.
	Staff []staffRow `json:"staff"`
}

// staffPage is one page of them.
type staffPage struct {
	staffResult

	Next string `json:"next_cursor"`
}

// madeToken is what staff add, staff rotate and staff bootstrap print.
type madeToken struct {
	staffRow

	// Token is what they log in with. It is shown this once; missing where it was kept
	// for the commands instead.
	Token string `json:"token,omitempty"`
}

func newStaff(a *app) *cobra.Command {
	return group("staff", "Say who may act through the API, and in which role",
		"Each member of staff has a token of their own and one role (docs/roles.md). What they do is written down under\n"+
			"an opaque id; the handle is what operators call the access, and should not be a name. Tokens expire, and are\n"+
			"shown once: what Steward keeps of them cannot be used.",
		"  steward staff add support-2 --role support\n  steward staff list",
		newStaffList(a), newStaffAdd(a), newStaffChange(a), newStaffEnd(a), newStaffRotate(a), newStaffBootstrap(a))
}

func newStaffList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: listCommand, Short: "List the staff",
		Long:    "Lists every member of staff: the role, and until when a token of theirs holds.",
		Example: "  steward staff list\n  steward staff list --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			members, err := listed(command.Context(), a, "/v1/staff", everything,
				func(page staffPage) ([]staffRow, string) { return page.Staff, page.Next })
			if err != nil {
				return err
			}

			return a.showStaff(staffResult{Staff: members})
		},
	}
}

func newStaffAdd(a *app) *cobra.Command {
	var (
		role string
		days int
	)

	command := &cobra.Command{
		Use: "add HANDLE", Short: "Give somebody an access of their own",
		Long: "Adds a member of staff in a role, and prints their token this once. Without --days it holds for 90 days.\n" +
			"Until they have made one that only they know, with steward staff rotate, it is good for nothing else.",
		Example: "  steward staff add support-2 --role support\n  steward staff add auditor-1 --role auditor --days 14",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			body := map[string]any{"handle": given[0], roleFlag: role}
			if command.Flags().Changed("days") {
				body["days"] = days
			}

			made, err := a.staffToken(command, "/v1/staff", body)
			if err != nil {
				return err
			}

			return a.showHanded(made)
		},
	}
	command.Flags().StringVar(&role, roleFlag, "", "support, lead, operator or auditor (docs/roles.md)")
	command.Flags().IntVar(&days, "days", 0, "for how many days the token holds; 90 without it")

	return command
}

func newStaffChange(a *app) *cobra.Command {
	var role string

	command := &cobra.Command{
		Use: "change STAFF", Short: "Give somebody another role",
		Long:    "Changes the role of a member of staff; it counts from now on. Nobody changes the own one.",
		Example: "  steward staff change stf_abcdefghijklmnopqrstuvwxyz --role lead", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.changeStaff(command, http.MethodPatch, given[0], map[string]any{roleFlag: role})
		},
	}
	command.Flags().StringVar(&role, roleFlag, "", "support, lead, operator or auditor (docs/roles.md)")

	return command
}

func newStaffEnd(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "end STAFF", Short: "End somebody's access at once",
		Long: "Ends an access with all of its tokens: every process of the API refuses them from now on. What they did stays\n" +
			"written down. There is no way back; add them anew. Nobody ends the own access.",
		Example: "  steward staff end stf_abcdefghijklmnopqrstuvwxyz", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.changeStaff(command, http.MethodDelete, given[0], nil)
		},
	}
}

// changeStaff calls an operation on one member of staff, and prints what became of it.
func (a *app) changeStaff(command *cobra.Command, method, id string, body any) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	var row staffRow
	if err := client.Do(command.Context(), method, apiclient.Path("v1", "staff", id), body, &row); err != nil {
		return err
	}

	return a.showStaff(staffResult{Staff: []staffRow{row}})
}

// staffToken calls an operation that makes a token.
func (a *app) staffToken(command *cobra.Command, path string, body any) (madeToken, error) {
	client, err := a.api()
	if err != nil {
		return madeToken{}, err
	}

	var made madeToken

	err = client.Do(command.Context(), http.MethodPost, path, body, &made)

	return made, err
}

// showHanded prints a token that is for somebody else, and says what it is good for.
func (a *app) showHanded(made madeToken) error {
	if !a.console.JSON {
		a.console.Notef("until %s has renewed it (steward login, steward staff rotate) it is good for nothing else", made.Handle)
	}

	return a.showToken(made)
}

func (a *app) showToken(made madeToken) error {
	if a.console.JSON {
		return a.console.Document(made)
	}

	if made.ExpiresAt != nil {
		a.console.Notef("the token of %s (%s) holds until %s; this is the only time that it is shown",
			made.Handle, made.ID, a.console.When(*made.ExpiresAt))
	}

	return a.console.Say("%s", made.Token)
}

func (a *app) showStaff(result staffResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"STAFF", "HANDLE", roleHead, stateColumn, "SINCE", "UNTIL"}, Empty: "there is nobody yet"}

	for _, row := range result.Staff {
		var until time.Time

		switch {
		case row.EndedAt != nil:
			until = *row.EndedAt
		case row.ExpiresAt != nil:
			until = *row.ExpiresAt
		}

		table.Add(console.Cell{Text: row.ID}, console.Cell{Text: row.Handle}, console.Cell{Text: row.Role}, holding(row.State),
			console.Cell{Text: a.console.When(row.Since)}, console.Cell{Text: a.console.When(until)})
	}

	return a.console.Table(table)
}
