package main

import (
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
)

// accountRow is one account as the API shows it.
type accountRow struct {
	// ID is the app's integer or UUID, or the id that Steward gave.
	ID string `json:"id"`
	// State is alive, closing or closed.
	State string `json:"state"`
	// RegisteredAt is when Steward first heard of it.
	RegisteredAt time.Time `json:"registered_at"`
	// CreatedAt is when it began in the app, if the app said so.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// LastInteractionAt is the newest sign of life of a user.
	LastInteractionAt time.Time `json:"last_interaction_at,omitzero"`
	// Subscribed says that the newest word on the subscription is not that it ends.
	Subscribed bool `json:"subscribed"`
	// PaidAt is the newest payment.
	PaidAt time.Time `json:"paid_at,omitzero"`
	// PaidUntil is until when the subscription is paid.
	PaidUntil time.Time `json:"paid_until,omitzero"`
	// CancelledAt is the newest cancellation.
	CancelledAt time.Time `json:"cancelled_at,omitzero"`
	// ClosingAt is when its closing began.
	ClosingAt time.Time `json:"closing_at,omitzero"`
	// ClosedAt is when it was closed for good.
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// DeletionTask is the open task that decides whether it is deleted.
	DeletionTask string `json:"deletion_task,omitempty"`
}

func newAccount(a *app) *cobra.Command {
	return group("account", "Look at the accounts of the app",
		"The app tells Steward of its accounts and when they were alive. To look at one is noted in the access log.",
		"  steward account show 4711", newAccountShow(a))
}

func newAccountShow(a *app) *cobra.Command {
	return &cobra.Command{
		Use: showCommand, Short: "Show one account: when it was last alive, paid until when",
		Long: "Shows what Steward knows of an account. Its id is the app's integer or UUID, or the one that Steward gave.\n" +
			"That you looked is noted; leads and auditors can read it.",
		Example: "  steward account show 4711\n  steward account show acc_nb2hi4dthixs653xo4xg2zi3ke --json",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			client, err := a.api()
			if err != nil {
				return err
			}

			var found accountRow
			if err := client.Do(command.Context(), http.MethodGet, apiclient.Path("v1", "accounts", given[0]), nil, &found); err != nil {
				return err
			}

			return a.showAccount(found)
		},
	}
}

func (a *app) showAccount(found accountRow) error {
	if a.console.JSON {
		return a.console.Document(found)
	}

	subscription := "none, or cancelled"
	if found.Subscribed {
		subscription = "not cancelled"
	}

	table := console.Table{Head: []string{"ACCOUNT", found.ID}}
	for _, fact := range [][2]string{
		{stateWord, found.State},
		{"registered", a.console.When(found.RegisteredAt)},
		{"created in the app", a.console.When(found.CreatedAt)},
		{"last interaction", a.console.When(found.LastInteractionAt)},
		{"subscription", subscription},
		{"last payment", a.console.When(found.PaidAt)},
		{"paid until", a.console.When(found.PaidUntil)},
		{"cancelled", a.console.When(found.CancelledAt)},
		{"closing since", a.console.When(found.ClosingAt)},
		{"closed", a.console.When(found.ClosedAt)},
		{"task about its deletion", console.OrDash(found.DeletionTask)},
	} {
		table.Add(console.Cells(fact[0], fact[1])...)
	}

	return a.console.Table(table)
}
