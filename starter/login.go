package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"steward/internal/apiclient"
	"steward/internal/failure"
	"steward/internal/login"
)

// tokenLimit bounds what is read as a token, in bytes; they have less than a hundred.
const tokenLimit = 1024

// meResult is what login prints: whose token it is.
type meResult struct {
	// ID is the opaque id of the member of staff.
	ID string `json:"id"`
	// Handle is what operators call the access.
	Handle string `json:"handle"`
	// Role says what they may do (docs/roles.md).
	Role string `json:"role"`
	// Token is the public id of the token.
	Token string `json:"token"`
	// ExpiresAt is when the token expires.
	ExpiresAt time.Time `json:"expires_at"`
}

func newLogin(a *app) *cobra.Command {
	var address string

	command := &cobra.Command{
		Use: "login", Short: "Keep a token of yours for the commands that go through the API",
		Long: "Reads a token of staff, asks the API whose it is, and keeps both in ~/.config/steward/login.json\n" +
			"($XDG_CONFIG_HOME), which nobody else may read. The token is typed or comes from the standard input, never\n" +
			"from the command line, which others can see. STEWARD_API_URL and STEWARD_TOKEN go before the file.\n\n" +
			"Whoever made the token has seen it: steward staff rotate gives you one that only you know.",
		Example: "  steward login --url https://steward.example.com\n  steward login < token",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if address == "" {
				address = os.Getenv(login.URLVariable)
			}

			token, err := askToken(os.Stdin, os.Stderr)
			if err != nil {
				return err
			}

			client, err := apiclient.New(apiclient.Options{URL: address, Token: token})
			if err != nil {
				return err
			}

			var me meResult
			if err := client.Do(command.Context(), http.MethodGet, "/v1/me", nil, &me); err != nil {
				return err
			}

			path, err := login.Path(os.Getenv)
			if err != nil {
				return err
			}

			if err := login.Save(path, login.Login{URL: address, Token: token}); err != nil {
				return err
			}

			return a.showMe(me)
		},
	}
	command.Flags().StringVar(&address, "url", "", "the address of the API; without it STEWARD_API_URL")

	return command
}

func newLogout(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget the token that login keeps",
		Long: "Removes the file that login wrote. The token itself stays good until it expires; an operator can end it at\n" +
			"once with steward staff rotate.",
		Example: "  steward logout", Args: args(cobra.NoArgs), Annotations: unattached(),
		RunE: func(*cobra.Command, []string) error {
			path, err := login.Path(os.Getenv)
			if err != nil {
				return err
			}

			if err := login.Forget(path); err != nil {
				return err
			}

			if a.console.JSON {
				return a.console.Document(loggedOut{Path: path})
			}

			return a.console.Say("logged out")
		},
	}
}

// loggedOut is what logout prints.
type loggedOut struct {
	// Path is where the token was kept.
	Path string `json:"path"`
}

func (a *app) showMe(me meResult) error {
	if a.console.JSON {
		return a.console.Document(me)
	}

	return a.console.Say("logged in as %s (%s), %s, until %s", me.Handle, me.ID, me.Role, a.console.When(me.ExpiresAt))
}

// askToken reads a token: without an echo from a terminal, else the first line.
func askToken(in *os.File, prompt io.Writer) (string, error) {
	if terminal := int(in.Fd()); term.IsTerminal(terminal) {
		fmt.Fprint(prompt, "token: ")

		typed, err := term.ReadPassword(terminal)

		fmt.Fprintln(prompt)

		return strings.TrimSpace(string(typed)), failure.Wrap(failure.UsageWrong, "reading a token", err)
	}

	line, err := bufio.NewReader(io.LimitReader(in, tokenLimit)).ReadString('\n')
	if err != nil && line == "" {
		return "", failure.New(failure.UsageWrong, "reading a token (the standard input has none)")
	}

	return strings.TrimSpace(line), nil
}
