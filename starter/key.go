package main

import (
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/console"
)

// keyRow is one key of the app, without its secret.
type keyRow struct {
	// ID is public; it stands in the token too.
	ID string `json:"id"`
	// App is the opaque id of whose key it is; a rotated key has the same.
	App string `json:"app"`
	// Label is what operators call it.
	Label string `json:"label"`
	// Scopes are what it may do (docs/roles.md).
	Scopes []string `json:"scopes"`
	// State is holds, expired or revoked.
	State string `json:"state"`
	// MadeAt is when it was made.
	MadeAt time.Time `json:"made_at"`
	// ExpiresAt is when it expires.
	ExpiresAt time.Time `json:"expires_at"`
	// RevokedAt is when it was revoked.
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// keysResult is what key list prints.
type keysResult struct {
	// Keys are all keys, in no order that says anything.
	Keys []keyRow `json:"keys"`
}

// keysPage is one page of them.
type keysPage struct {
	keysResult

	Next string `json:"next_cursor"`
}

// madeKey is what key create and key rotate print.
type madeKey struct {
	keyRow

	// Token is the key itself. It is shown this once.
	Token string `json:"token"`
}

func newKey(a *app) *cobra.Command {
	return group("key", "Make, rotate and revoke the keys of the app",
		"The app shows a key to the API. A key has scopes, expires, and is shown once: what Steward keeps of it cannot\n"+
			"be used. A rotation gives a second key for the same app; both hold for the overlap, so that nothing stands\n"+
			"still while the new one is deployed. A revoked key is refused at once, by every process.",
		"  steward key create production --scope accounts:write --scope interactions:write\n"+
			"  steward key list",
		newKeyList(a), newKeyCreate(a), newKeyRotate(a), newKeyRevoke(a))
}

func newKeyList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: listCommand, Short: "List the keys of the app",
		Long:    "Lists every key: what it may do, and until when it holds.",
		Example: "  steward key list\n  steward key list --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			keys, err := listed(command.Context(), a, "/v1/keys", everything,
				func(page keysPage) ([]keyRow, string) { return page.Keys, page.Next })
			if err != nil {
				return err
			}

			return a.showKeys(keysResult{Keys: keys})
		},
	}
}

func newKeyCreate(a *app) *cobra.Command {
	var (
		scopes []string
		days   int
	)

	command := &cobra.Command{
		Use: "create LABEL", Short: "Make a key for an app",
		Long: "Makes a key with the given scopes for a new app, and prints it this once. The label is what operators call\n" +
			"it, such as production. Without --days it holds for a year.",
		Example: "  steward key create production --scope accounts:write --scope interactions:write\n" +
			"  steward key create bounces --scope mail-events:write --days 90",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			body := map[string]any{"label": given[0], "scopes": scopes}
			if command.Flags().Changed("days") {
				body["days"] = days
			}

			return a.makeKey(command, "/v1/keys", body)
		},
	}
	command.Flags().StringSliceVar(&scopes, "scope", []string{}, "what it may do; may be given several times (docs/roles.md)")
	command.Flags().IntVar(&days, "days", 0, "for how many days it holds; a year without it")

	return command
}

func newKeyRotate(a *app) *cobra.Command {
	var overlap int

	command := &cobra.Command{
		Use: "rotate KEY", Short: "Make another key for the same app, and let this one end",
		Long: "Makes a key for the app of a key that holds, with the same label and scopes, and prints it this once. The old\n" +
			"key holds for a day more, or for --overlap-hours; with 0 it ends at once.",
		Example: "  steward key rotate key_abcdefghijklmnopqrstuvwxyz --overlap-hours 48",
		Args:    args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			return a.makeKey(command, apiclient.Path("v1", "keys", given[0], "rotate"), overlapOf(command, overlap))
		},
	}
	addOverlap(command, &overlap)

	return command
}

// addOverlap adds the flag of every rotation.
func addOverlap(command *cobra.Command, hours *int) {
	command.Flags().IntVar(hours, "overlap-hours", 0, "for how many hours the old one still holds; a day without it, 0 ends it at once")
}

// overlapOf is the body of a rotation.
func overlapOf(command *cobra.Command, hours int) map[string]any {
	if !command.Flags().Changed("overlap-hours") {
		return map[string]any{}
	}

	return map[string]any{"overlap_hours": hours}
}

func newKeyRevoke(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "revoke KEY", Short: "End a key at once",
		Long:    "Ends a key: every process of the API refuses it from now on. There is no way back; make another.",
		Example: "  steward key revoke key_abcdefghijklmnopqrstuvwxyz", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			client, err := a.api()
			if err != nil {
				return err
			}

			var key keyRow
			if err := client.Do(command.Context(), http.MethodDelete, apiclient.Path("v1", "keys", given[0]), nil, &key); err != nil {
				return err
			}

			return a.showKeys(keysResult{Keys: []keyRow{key}})
		},
	}
}

// makeKey calls an operation that makes a key, and prints it.
func (a *app) makeKey(command *cobra.Command, path string, body any) error {
	client, err := a.api()
	if err != nil {
		return err
	}

	var made madeKey
	if err := client.Do(command.Context(), http.MethodPost, path, body, &made); err != nil {
		return err
	}

	if a.console.JSON {
		return a.console.Document(made)
	}

	a.console.Notef("%s holds until %s; this is the only time that it is shown", made.ID, a.console.When(made.ExpiresAt))

	return a.console.Say("%s", made.Token)
}

func (a *app) showKeys(result keysResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{
		Head: []string{"KEY", "LABEL", "STATE", "UNTIL", "APP", "SCOPES"}, Empty: "there is no key yet; make one: steward key create",
	}

	for _, key := range result.Keys {
		until := key.ExpiresAt
		if key.RevokedAt != nil {
			until = *key.RevokedAt
		}

		table.Add(console.Cell{Text: key.ID}, console.Cell{Text: key.Label}, holding(key.State), console.Cell{Text: a.console.When(until)},
			console.Cell{Text: key.App}, console.Cell{Text: strings.Join(key.Scopes, " ")})
	}

	return a.console.Table(table)
}

// holding is the cell of a state of a credential.
func holding(state string) console.Cell {
	if state == "holds" {
		return console.Cell{Text: state, Tone: console.Good}
	}

	return console.Cell{Text: state, Tone: console.Faint}
}
