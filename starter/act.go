package main

import (
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/console"
)

// actRow is one act of staff.
type actRow struct {
	// ID is opaque; the ledger names it.
	ID string `json:"id"`
	// At is when they acted.
	At time.Time `json:"at"`
	// Staff is the opaque id of who acted.
	Staff string `json:"staff"`
	// Role is the one that they had.
	Role string `json:"role"`
	// Verb says what they did, such as key.revoke.
	Verb string `json:"verb"`
	// Object is the opaque id of what they did it to.
	Object string `json:"object"`
	// InputSHA256 is the hash of what was shown and agreed to.
	InputSHA256 string `json:"input_sha256,omitempty"`
	// Outcome is done or a failure code; missing until the act has ended.
	Outcome string `json:"outcome,omitempty"`
}

// actsResult is what act list prints.
type actsResult struct {
	// Acts are the newest first.
	Acts []actRow `json:"acts"`
}

// actsPage is one page of them.
type actsPage struct {
	actsResult

	Next string `json:"next_cursor"`
}

// lookRow is one look at somebody's data.
type lookRow struct {
	// At is when.
	At time.Time `json:"at"`
	// Staff is the opaque id of who looked.
	Staff string `json:"staff"`
	// Role is the one that they had.
	Role string `json:"role"`
	// Operation is that of the API.
	Operation string `json:"operation"`
	// Subject is the opaque id of whose data it was.
	Subject string `json:"subject"`
}

// looksResult is what act looks prints.
type looksResult struct {
	// Looks are the newest first.
	Looks []lookRow `json:"looks"`
}

// looksPage is one page of them.
type looksPage struct {
	looksResult

	Next string `json:"next_cursor"`
}

func newAct(a *app) *cobra.Command {
	return group("act", "Read what staff did, and whose data they looked at",
		"What staff do through the API is written down for good, in the ledger too. Whose data they looked at is written\n"+
			"down in a log of its own, which is kept for a year.",
		"  steward act list\n  steward act looks --subject 4711",
		newActList(a), newActLooks(a))
}

func newActList(a *app) *cobra.Command {
	var limit int

	command := &cobra.Command{
		Use: listCommand, Short: "List the acts of staff",
		Long:    "Lists what staff did through the API, the newest first.",
		Example: "  steward act list\n  steward act list --limit 500 --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}

			acts, err := listed(command.Context(), a, "/v1/acts", limit, func(page actsPage) ([]actRow, string) { return page.Acts, page.Next })
			if err != nil {
				return err
			}

			return a.showActs(actsResult{Acts: acts})
		},
	}
	command.Flags().IntVar(&limit, "limit", showLimit, "how many")

	return command
}

func newActLooks(a *app) *cobra.Command {
	var (
		limit   int
		subject string
	)

	command := &cobra.Command{
		Use: "looks", Short: "List who of staff looked at whose data",
		Long:    "Lists the looks of staff at data of accounts and people, the newest first.",
		Example: "  steward act looks\n  steward act looks --subject 4711 --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}

			path := "/v1/access-log"
			if subject != "" {
				path += "?subject=" + url.QueryEscape(subject)
			}

			looks, err := listed(command.Context(), a, path, limit, func(page looksPage) ([]lookRow, string) { return page.Looks, page.Next })
			if err != nil {
				return err
			}

			return a.showLooks(looksResult{Looks: looks})
		},
	}
	command.Flags().IntVar(&limit, "limit", showLimit, "how many")
	command.Flags().StringVar(&subject, "subject", "", "only looks at the data of this account or person")

	return command
}

func (a *app) showActs(result actsResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"AT", "STAFF", roleHead, "VERB", "OBJECT", "OUTCOME", "ACT"}, Empty: "nobody did anything yet"}
	for _, act := range result.Acts {
		table.Add(console.Cells(a.console.When(act.At), act.Staff, act.Role, act.Verb, act.Object, console.OrDash(act.Outcome), act.ID)...)
	}

	return a.console.Table(table)
}

func (a *app) showLooks(result looksResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"AT", "STAFF", roleHead, "OPERATION", "SUBJECT"}, Empty: "nobody looked at anything"}
	for _, look := range result.Looks {
		table.Add(console.Cells(a.console.When(look.At), look.Staff, look.Role, look.Operation, look.Subject)...)
	}

	return a.console.Table(table)
}
