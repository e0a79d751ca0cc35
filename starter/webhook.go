package main

import (
	"bufio"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
	"steward/internal/failure"
)

// endpointRow is one webhook endpoint.
type endpointRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Types are the types of events that it wants; empty means all.
	Types []string `json:"types"`
	// Description is what its maker called it.
	Description string `json:"description,omitempty"`
	// CreatedBy is the opaque id of who made it.
	CreatedBy string `json:"created_by"`
	// CreatedAt is when.
	CreatedAt time.Time `json:"created_at"`
	// DisabledAt is when it answered that it is gone; nothing is sent there since.
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
	// DisabledReason is why, as a code.
	DisabledReason string `json:"disabled_reason,omitempty"`
}

// endpointsResult is what webhook list prints.
type endpointsResult struct {
	// Endpoints are the oldest first.
	Endpoints []endpointRow `json:"endpoints"`
}

// madeWebhook is what webhook add prints.
type madeWebhook struct {
	// ID is the endpoint.
	ID string `json:"id"`
	// Secret is what deliveries are signed with. It is shown this once.
	Secret string `json:"secret"`
}

// webhookDone is what webhook remove and webhook retry print.
type webhookDone struct {
	// ID is what it was done to.
	ID string `json:"id"`
	// Done says what was done.
	Done string `json:"done"`
}

// deliveryRow is one event on its way to one endpoint.
type deliveryRow struct {
	// ID is opaque.
	ID string `json:"id"`
	// Event is the webhook-id of every try.
	Event string `json:"event"`
	// Endpoint is where it goes.
	Endpoint string `json:"endpoint"`
	// Type is that of the event.
	Type string `json:"type"`
	// State is waiting, delivered or given_up.
	State string `json:"state"`
	// Tries are those so far.
	Tries int `json:"tries"`
	// Status is the HTTP status of the last try that failed.
	Status int `json:"status,omitempty"`
	// Code is why the last try failed.
	Code string `json:"code,omitempty"`
	// CreatedAt is when it was queued.
	CreatedAt time.Time `json:"created_at"`
	// NextAt is when it is tried next, at the earliest.
	NextAt *time.Time `json:"next_at,omitempty"`
	// SettledAt is when it was delivered or given up.
	SettledAt *time.Time `json:"settled_at,omitempty"`
}

// deliveriesResult is what webhook deliveries prints.
type deliveriesResult struct {
	// Deliveries are the newest first.
	Deliveries []deliveryRow `json:"deliveries"`
}

// deliveriesPage is one page of them.
type deliveriesPage struct {
	deliveriesResult

	Next string `json:"next_cursor"`
}

func newWebhook(a *app) *cobra.Command {
	return group("webhook", "Say where the app is told what happened",
		"Events go to endpoints of the app, signed as Standard Webhooks says, and are tried for three days\n(docs/webhooks.md).",
		"  steward webhook add https://app.example.com/hooks/steward\n  steward webhook deliveries",
		newWebhookAdd(a), newWebhookList(a), newWebhookRemove(a), newWebhookDeliveries(a), newWebhookRetry(a))
}

func newWebhookAdd(a *app) *cobra.Command {
	var (
		types       []string
		description string
	)

	command := &cobra.Command{
		Use: "add URL", Short: "Add an endpoint",
		Long: "Adds an endpoint, and prints the secret of its signatures this once. The address is https, to a public host; it is\n" +
			"sealed, and not shown again. For one with a password or a token in it give - and let it come from the standard\n" +
			"input: others can see the command line.",
		Example: "  steward webhook add https://app.example.com/hooks/steward\n" +
			"  steward webhook add https://app.example.com/hooks/alarms --type promise.broken --description alarms\n" +
			"  steward webhook add - < address",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			address, err := addressOf(given[0], os.Stdin)
			if err != nil {
				return err
			}

			body := map[string]any{"url": address}
			if len(types) > 0 {
				body["types"] = types
			}

			if description != "" {
				body["description"] = description
			}

			return a.addWebhook(command, body)
		},
	}
	command.Flags().StringSliceVar(&types, "type", []string{},
		"a type of events that it wants; may be given several times, all of them without it")
	command.Flags().StringVar(&description, "description", "", "what you call it; no name of a person")

	return command
}

// lineLimit bounds what is read as one line, in bytes: the API takes 2,000 of an address.
const lineLimit = 4096

// addressOf is the address that was given, or the first line of in for "-".
func addressOf(given string, in io.Reader) (string, error) {
	if given != "-" {
		return given, nil
	}

	return firstLine(in, "an address")
}

// firstLine reads what, which no command line may have, from a standard input.
func firstLine(in io.Reader, what string) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, lineLimit)).ReadString('\n')
	if text := strings.TrimSpace(line); text != "" && (err == nil || errors.Is(err, io.EOF)) {
		return text, nil
	}

	return "", failure.New(failure.UsageWrong, "reading "+what+" (the standard input has none)")
}

func (a *app) addWebhook(command *cobra.Command, body any) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	var made madeWebhook
	if err := client.Do(command.Context(), http.MethodPost, "/v1/webhooks/endpoints", body, &made); err != nil {
		return err
	}

	if a.console.JSON {
		return a.console.Document(made)
	}

	a.console.Notef("%s is told from now on; this is the only time that its secret is shown", made.ID)

	return a.console.Say("%s", made.Secret)
}

func newWebhookList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: listCommand, Short: "List the endpoints",
		Long:    "Lists every endpoint. Their addresses are sealed and are not shown.",
		Example: "  steward webhook list\n  steward webhook list --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			client, err := a.api()
			if err != nil {
				return err
			}

			var result endpointsResult
			if err := client.Do(command.Context(), http.MethodGet, "/v1/webhooks/endpoints", nil, &result); err != nil {
				return err
			}

			return a.showEndpoints(result)
		},
	}
}

func (a *app) showEndpoints(result endpointsResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"ENDPOINT", "SINCE", "WANTS", stateColumn, "DESCRIPTION"}, Empty: "there is no endpoint"}

	for _, one := range result.Endpoints {
		wants, state := "all events", console.Cell{Text: "told", Tone: console.Good}
		if len(one.Types) > 0 {
			wants = strings.Join(one.Types, " ")
		}

		if one.DisabledAt != nil {
			state = console.Cell{Text: "gone since " + a.console.When(*one.DisabledAt), Tone: console.Bad}
		}

		table.Add(console.Cell{Text: one.ID}, console.Cell{Text: a.console.When(one.CreatedAt)}, console.Cell{Text: wants}, state,
			console.Cell{Text: one.Description})
	}

	return a.console.Table(table)
}

func newWebhookRemove(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "remove ENDPOINT", Short: "Remove an endpoint at once",
		Long:    "Removes an endpoint, with what waits for it. There is no way back; add it again.",
		Example: "  steward webhook remove whe_abcdefghijklmnopqrstuvwxyz", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			path := apiclient.Path("v1", "webhooks", "endpoints", given[0])

			return a.doWebhook(command, http.MethodDelete, path, webhookDone{ID: given[0], Done: "removed"})
		},
	}
}

func newWebhookRetry(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "retry DELIVERY", Short: "Try a delivery again",
		Long:    "Tries a delivery again at once, and with all its retries again, also one that was given up.",
		Example: "  steward webhook retry whd_abcdefghijklmnopqrstuvwxyz", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.doWebhook(command, http.MethodPost, apiclient.Path("v1", "webhooks", "deliveries", given[0], "retry"),
				webhookDone{ID: given[0], Done: "queued"})
		},
	}
}

// doWebhook calls an operation that answers nothing.
func (a *app) doWebhook(command *cobra.Command, method, path string, done webhookDone) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	if err := client.Do(command.Context(), method, path, nil, nil); err != nil {
		return err
	}

	if a.console.JSON {
		return a.console.Document(done)
	}

	return a.console.Say("%s %s", done.ID, done.Done)
}

func newWebhookDeliveries(a *app) *cobra.Command {
	limit := showLimit

	command := &cobra.Command{
		Use: "deliveries", Short: "List what was sent to endpoints",
		Long:    "Lists deliveries, the newest first, until their end date, with why the last try of each failed.",
		Example: "  steward webhook deliveries\n  steward webhook deliveries --limit 5 --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}

			rows, err := listed(command.Context(), a, "/v1/webhooks/deliveries", limit,
				func(page deliveriesPage) ([]deliveryRow, string) { return page.Deliveries, page.Next })
			if err != nil {
				return err
			}

			return a.showDeliveries(deliveriesResult{Deliveries: rows})
		},
	}
	command.Flags().IntVar(&limit, "limit", limit, "how many at most")

	return command
}

func (a *app) showDeliveries(result deliveriesResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"DELIVERY", "EVENT", "QUEUED", stateColumn, "TRIES", "WHY"}, Empty: "nothing was sent"}

	for _, one := range result.Deliveries {
		table.Add(console.Cell{Text: one.ID}, console.Cell{Text: one.Type}, console.Cell{Text: a.console.When(one.CreatedAt)},
			sendingState(one.State), console.Cell{Text: strconv.Itoa(one.Tries)}, console.Cell{Text: whyFailed(one.Code, one.Status)})
	}

	return a.console.Table(table)
}
