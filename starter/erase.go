package main

import (
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
	"steward/internal/failure"
)

// erasureRow is one erasure, as the API shows it.
type erasureRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Cause is the task or act that asked for it.
	Cause string `json:"cause"`
	// Reason is why, as a code.
	Reason string `json:"reason"`
	// Kind is account or person.
	Kind string `json:"kind"`
	// Account is the id of the account; of a person, that of the customer whose data they are in.
	Account string `json:"account,omitempty"`
	// Mode is observe or enforce.
	Mode string `json:"mode"`
	// Language is that of the certificates.
	Language string `json:"language"`
	// AskedBy is the opaque id of who wanted it.
	AskedBy string `json:"asked_by"`
	// OpenedBy is that of who opened the case.
	OpenedBy string `json:"opened_by"`
	// OpenedAt is when.
	OpenedAt time.Time `json:"opened_at"`
	// Stage is how far it has come, as a code.
	Stage string `json:"stage"`
	// Text is the same in words.
	Text string `json:"text"`
	// StagedAt is since when.
	StagedAt time.Time `json:"staged_at"`
	// Code is why one that is blocked is.
	Code string `json:"code,omitempty"`
	// StoppedIn is the stage in which it stopped.
	StoppedIn string `json:"stopped_in,omitempty"`
	// Refusal names the tables, columns or stores at which it stopped.
	Refusal string `json:"refusal,omitempty"`
	// ErasedAt is when every store had answered.
	ErasedAt time.Time `json:"erased_at,omitzero"`
	// VerifiedAt is when nothing was found left, the last time.
	VerifiedAt time.Time `json:"verified_at,omitzero"`
	// GoneBy is when nothing can be left anywhere; absent while nobody can say.
	GoneBy time.Time `json:"gone_by,omitzero"`
	// EndedAt is when the case ended.
	EndedAt time.Time `json:"ended_at,omitzero"`
}

// erasuresResult is what erase list prints.
type erasuresResult struct {
	// Erasures are the newest first.
	Erasures []erasureRow `json:"erasures"`
}

// erasuresPage is one page of them.
type erasuresPage struct {
	erasuresResult

	Next string `json:"next_cursor"`
}

func newErase(a *app) *cobra.Command {
	return group("erase", "Plan, start, approve and follow erasures",
		"An erasure deletes everything of one account, or of one person, in every store, and proves it. It is planned\n"+
			"first; another person approves that plan by its hash; then the subject is closed, looked at once more, and\n"+
			"erased. Until it is decided for good it can be cancelled, and a legal hold stops it.",
		"  steward erase plan --account 4711\n  steward erase start --account 4711\n"+
			"  steward erase approve era_nb2hi4dthixs653xo4xg2zi3ke",
		newErasePlan(a), newEraseStart(a), newEraseShow(a), newEraseList(a), newEraseApprove(a), newEraseRetry(a), newEraseCancel(a))
}

func newEraseList(a *app) *cobra.Command {
	var (
		limit          int
		all            bool
		stage, account string
	)

	command := &cobra.Command{
		Use: listCommand, Short: "List the erasures that have not ended, the newest first",
		Long:    "Lists the erasures that have not ended, the newest first; with --all those that have ended too.",
		Example: "  steward erase list\n  steward erase list --stage awaiting_approval\n  steward erase list --all --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}

			wanted := url.Values{stateWord: {map[bool]string{true: "all", false: "open"}[all]}}
			for name, value := range map[string]string{"stage": stage, accountFlag: account} {
				if value != "" {
					wanted.Set(name, value)
				}
			}

			found, err := listed(command.Context(), a, "/v1/erasures?"+wanted.Encode(), limit,
				func(page erasuresPage) ([]erasureRow, string) { return page.Erasures, page.Next })
			if err != nil {
				return err
			}

			return a.showErasures(erasuresResult{Erasures: found})
		},
	}
	command.Flags().IntVar(&limit, "limit", showLimit, "how many")
	command.Flags().BoolVar(&all, "all", false, "those that have ended too")
	command.Flags().StringVar(&stage, "stage", "", "only those at this stage")
	command.Flags().StringVar(&account, accountFlag, "", "only those of this account, by its id")

	return command
}

func (a *app) showErasures(result erasuresResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"ERASURE", "SUBJECT", stateColumn, "SINCE", "GONE BY"}, Empty: "no erasure is open"}

	for _, each := range result.Erasures {
		var tone console.Tone
		if each.Stage == "blocked" {
			tone = console.Bad
		}

		table.Add(console.Cell{Text: each.ID}, console.Cell{Text: each.subject()}, console.Cell{Text: each.Stage, Tone: tone},
			console.Cell{Text: a.console.When(each.StagedAt)}, console.Cell{Text: a.console.When(each.GoneBy)})
	}

	return a.console.Table(table)
}

// subject says whose erasure it is, as far as an opaque id does.
func (e erasureRow) subject() string {
	switch {
	case e.Kind == "account":
		return "account " + e.Account
	case e.Account == "":
		return "a person"
	default:
		return "a person in account " + e.Account
	}
}

// newEraseAct is a command that does something to a case, and shows it.
func newEraseAct(a *app, use, path, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: use + " ID", Short: short, Long: long,
		Example: "  steward erase " + use + " era_nb2hi4dthixs653xo4xg2zi3ke", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.callErasure(command, http.MethodPost, apiclient.Path("v1", "erasures", given[0], path), nil)
		},
	}
}

func newEraseRetry(a *app) *cobra.Command {
	return newEraseAct(a, "retry", "retry", "Have an erasure that is blocked tried again",
		"Has an erasure tried again that is blocked, or that waits for a store which failed: once what its code names\n"+
			"is mended. It is written down as your act.")
}

func newEraseCancel(a *app) *cobra.Command {
	return newEraseAct(a, "cancel", "cancellation", "Cancel an erasure before it is decided for good",
		"Cancels an erasure before it is decided for good; what was closed is opened again. It is written down as your\n"+
			"act. From its tombstone on nothing cancels it (exit code 7).")
}

// callErasure calls an operation that answers with one erasure, and prints it.
func (a *app) callErasure(command *cobra.Command, method, path string, in any) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	var found erasureRow
	if err := client.Do(command.Context(), method, path, in, &found); err != nil {
		return err
	}

	if a.console.JSON {
		return a.console.Document(found)
	}

	return a.console.Table(a.erasureTable(found))
}

func (a *app) erasureTable(e erasureRow) console.Table {
	table := console.Table{Head: []string{"ERASURE", e.ID}}
	stopped, hint := e.stopped()

	for _, fact := range [][3]string{
		{"of", e.subject()},
		{"why", e.Reason + ", asked for by " + e.AskedBy},
		{"opened", a.console.When(e.OpenedAt) + " by " + e.OpenedBy},
		{"mode", e.Mode},
		{"stage", e.Stage + ": " + e.Text},
		{"since", a.console.When(e.StagedAt)},
		{"stopped", stopped, hint},
		{"at", console.OrDash(e.Refusal)},
		{"erased", a.console.When(e.ErasedAt)},
		{"verified", a.console.When(e.VerifiedAt)},
		{"gone by", a.console.When(e.GoneBy)},
		{"ended", a.console.When(e.EndedAt)},
	} {
		table.Rows = append(table.Rows, console.Row{Cells: console.Cells(fact[0], fact[1]), Note: fact[2]})
	}

	return table
}

// stopped says why a case is blocked or held, and what to do. A code of a later version stands alone.
func (e erasureRow) stopped() (why, hint string) {
	row := failure.Lookup(failure.Code(e.Code))
	if e.Code == "" || string(row.Code) != e.Code {
		return console.OrDash(e.Code), ""
	}

	return e.Code + ": " + row.Text, row.Hint
}
