package main

import (
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
	"steward/internal/failure"
)

// taskRow is one thing that a person must do, as the API shows it.
type taskRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Kind is what is to be done, as a code.
	Kind string `json:"kind"`
	// Text is the same in words.
	Text string `json:"text"`
	// Subject is the opaque id of what it is about.
	Subject string `json:"subject"`
	// Role is whose task it is.
	Role string `json:"role"`
	// OpenedBy is the opaque id of who asked, or steward.
	OpenedBy string `json:"opened_by"`
	// OpenedAt is when it was opened.
	OpenedAt time.Time `json:"opened_at"`
	// DueAt is by when it is to be done.
	DueAt time.Time `json:"due_at"`
	// Overdue says that it is open past that time.
	Overdue bool `json:"overdue"`
	// Outcomes are how it may end.
	Outcomes []string `json:"outcomes"`
	// DoneAt is when it was done.
	DoneAt time.Time `json:"done_at,omitzero"`
	// DoneBy is the opaque id of who did it.
	DoneBy string `json:"done_by,omitempty"`
	// Outcome is how it ended.
	Outcome string `json:"outcome,omitempty"`
}

// tasksResult is what task list prints.
type tasksResult struct {
	// Tasks are those that are open, the most urgent first, or those that are done, the
	// newest first.
	Tasks []taskRow `json:"tasks"`
}

// tasksPage is one page of them.
type tasksPage struct {
	tasksResult

	Next string `json:"next_cursor"`
}

func newTask(a *app) *cobra.Command {
	return group("task", "See and do what a person must decide",
		"Some things no machine may decide: they wait as tasks for whoever has the role. A task past its time alarms until\n"+
			"it is done; nothing decides it by itself.",
		"  steward task list\n  steward task done tsk_nb2hi4dthixs653xo4xg2zi3ke --outcome accepted",
		newTaskList(a), newTaskShow(a), newTaskDone(a))
}

func newTaskList(a *app) *cobra.Command {
	var (
		limit  int
		done   bool
		wanted = taskFilter{state: "open"}
	)

	command := &cobra.Command{
		Use: listCommand, Short: "List the tasks that are open, the most urgent first",
		Long:    "Lists the tasks that nobody has done, the most urgent first; with --done those that are done, the newest first.",
		Example: "  steward task list\n  steward task list --role lead\n  steward task list --done --limit 100 --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}

			if done {
				wanted.state = "done"
			}

			found, err := listed(command.Context(), a, "/v1/tasks?"+wanted.query(), limit,
				func(page tasksPage) ([]taskRow, string) { return page.Tasks, page.Next })
			if err != nil {
				return err
			}

			return a.showTasks(tasksResult{Tasks: found})
		},
	}
	command.Flags().IntVar(&limit, "limit", showLimit, "how many")
	command.Flags().BoolVar(&done, "done", false, "those that are done instead")
	command.Flags().StringVar(&wanted.role, "role", "", "only those of this role")
	command.Flags().StringVar(&wanted.kind, "kind", "", "only those of this kind")
	command.Flags().StringVar(&wanted.subject, "subject", "", "only those about this opaque id")

	return command
}

// taskFilter says which tasks are wanted; empty members want all.
type taskFilter struct{ state, role, kind, subject string }

// query is the filter as the API reads it.
func (f taskFilter) query() string {
	values := url.Values{stateWord: {f.state}, "role": {f.role}, "kind": {f.kind}, "subject": {f.subject}}
	maps.DeleteFunc(values, func(_ string, value []string) bool { return value[0] == "" })

	return values.Encode()
}

func newTaskShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: showCommand, Short: "Show one task, and how it may end",
		Long:    "Shows one task. Ids stand in: steward task list",
		Example: "  steward task show tsk_nb2hi4dthixs653xo4xg2zi3ke", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.callTask(command, http.MethodGet, apiclient.Path("v1", "tasks", given[0]), nil)
		},
	}
}

func newTaskDone(a *app) *cobra.Command {
	var outcome, account string

	command := &cobra.Command{
		Use: "done ID", Short: "Say how a task ended",
		Long: "Says how a task ended, in your name: the act is written down for good, in the ledger too. It cannot be taken\n" +
			"back. The outcomes that a task may have are in: steward task list --json\n\n" +
			"To accept the deletion of an account whose id Steward gave (acc_…), say --account - and write the account as the\n" +
			"app does to the standard input: Steward has only its hash, and a command line can be seen by others.",
		Example: "  steward task done tsk_nb2hi4dthixs653xo4xg2zi3ke --outcome refused\n" +
			"  steward task done tsk_nb2hi4dthixs653xo4xg2zi3ke --outcome accepted --account - < account", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			if outcome == "" {
				return failure.New(failure.UsageWrong, "reading --outcome (say how it ended; steward task show names how it may)")
			}

			body := map[string]string{"outcome": outcome}

			if account != "" {
				key, err := accountFrom(account, os.Stdin)
				if err != nil {
					return err
				}

				body[accountFlag] = key
			}

			return a.callTask(command, http.MethodPost, apiclient.Path("v1", "tasks", given[0], "outcome"), body)
		},
	}
	command.Flags().StringVar(&outcome, "outcome", "", "how it ended")
	command.Flags().StringVar(&account, accountFlag, "", "- reads the account, as the app writes it, from the standard input")

	return command
}

// accountFrom is an account as the app writes it, which may be the name or the address of a person: it comes from in alone,
// and given is "-". It fails with UsageWrong and never repeats what it was given.
func accountFrom(given string, in io.Reader) (string, error) {
	if given != "-" {
		return "", failure.New(failure.UsageWrong, "reading --account (say --account - and write the account to the standard input)")
	}

	return firstLine(in, "the account")
}

// callTask calls an operation that answers with one task, and prints it.
func (a *app) callTask(command *cobra.Command, method, path string, in any) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	var found taskRow
	if err := client.Do(command.Context(), method, path, in, &found); err != nil {
		return err
	}

	return a.showTask(found)
}

func (a *app) showTask(t taskRow) error {
	if a.console.JSON {
		return a.console.Document(t)
	}

	table := console.Table{Head: []string{"TASK", t.ID}}
	for _, fact := range [][2]string{
		{"what", t.Text},
		{"kind", t.Kind},
		{"subject", t.Subject},
		{"role", t.Role},
		{"opened", a.console.When(t.OpenedAt) + " by " + t.OpenedBy},
		{"due", a.console.When(t.DueAt)},
		{"may end", strings.Join(t.Outcomes, ", ")},
		{"done", a.console.When(t.DoneAt)},
		{"by", console.OrDash(t.DoneBy)},
		{"outcome", console.OrDash(t.Outcome)},
	} {
		table.Add(console.Cells(fact[0], fact[1])...)
	}

	return a.console.Table(table)
}

func (a *app) showTasks(result tasksResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"TASK", "KIND", "SUBJECT", "ROLE", dueColumn, stateColumn}, Empty: "nothing waits for anybody"}

	for _, t := range result.Tasks {
		state := console.Cell{Text: "open"}

		switch {
		case t.Overdue:
			state = console.Cell{Text: "overdue", Tone: console.Bad}
		case t.Outcome != "":
			state = console.Cell{Text: t.Outcome, Tone: console.Faint}
		}

		table.Add(console.Cell{Text: t.ID}, console.Cell{Text: t.Kind}, console.Cell{Text: t.Subject}, console.Cell{Text: t.Role},
			console.Cell{Text: a.console.When(t.DueAt)}, state)
	}

	return a.console.Table(table)
}
