package main

import (
	"slices"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/console/webui"
	"steward/internal/failure"
)

// linksResult is what ui prints.
type linksResult struct {
	// Views are the questions with the links that answer them.
	Views []linkRow `json:"views"`
}

// linkRow is one question that the Web UI answers.
type linkRow struct {
	// Name is its word on the command line.
	Name string `json:"name"`
	// Says is the question.
	Says string `json:"says"`
	// Link leads to the answer.
	Link string `json:"link"`
}

func newUI(a *app) *cobra.Command {
	command := &cobra.Command{
		Use: "ui [VIEW]", Short: "Print links into the Temporal Web UI",
		Long: "Prints the link of one view, or of all: running, overdue, blocked, today, failures, backups, prunes,\n" +
			"audits, schedules. \"today\" begins with the business day. With \"subject ID\" it is everything about\n" +
			"one account, request or database.",
		Example:   "  steward ui\n  steward ui overdue\n  xdg-open \"$(steward ui today)\"",
		ValidArgs: viewNames(),
		Args:      args(cobra.MaximumNArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			return a.links(func(views []webui.View) []webui.View {
				if len(given) == 0 {
					return views
				}

				return slices.DeleteFunc(views, func(view webui.View) bool { return view.Name != given[0] })
			})
		},
	}
	command.AddCommand(&cobra.Command{
		Use: "subject ID", Short: "Print the link to everything about one account, request or database",
		Long:    "Prints the link to every run that is about one subject, by its opaque id.",
		Example: "  steward ui subject app",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			return a.links(func([]webui.View) []webui.View { return []webui.View{webui.Subject(given[0])} })
		},
	})

	return command
}

func viewNames() []string {
	var names []string
	for _, view := range webui.Views(time.Time{}) {
		names = append(names, view.Name)
	}

	return names
}

// links prints those of all views that were chosen.
func (a *app) links(choose func([]webui.View) []webui.View) error {
	settings, rules, err := a.load()
	if err != nil {
		return err
	}

	if err := config.Need(map[string]string{"TEMPORAL_UI_URL": settings.TemporalUI}); err != nil {
		return err
	}

	options, err := temporalOptions()
	if err != nil {
		return err
	}

	now := settings.Clock().Now().In(rules.Company.Zone)
	dayStart := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, now.Location())

	views := choose(webui.Views(dayStart))
	if len(views) == 0 {
		return failure.New(failure.UsageWrong, "looking for the view (for all of them: steward ui)")
	}

	result := linksResult{}
	for _, view := range views {
		result.Views = append(result.Views, linkRow{Name: view.Name, Says: view.Says, Link: view.Link(settings.TemporalUI, options.Namespace)})
	}

	return a.showLinks(result)
}

func (a *app) showLinks(result linksResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	if len(result.Views) == 1 {
		return a.console.Say("%s", result.Views[0].Link)
	}

	table := console.Table{Head: []string{"VIEW", "SHOWS", "LINK"}}
	for _, view := range result.Views {
		table.Add(console.Cells(view.Name, view.Says, view.Link)...)
	}

	return a.console.Table(table)
}
