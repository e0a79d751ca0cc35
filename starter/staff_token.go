package main

import (
	"os"

	"github.com/spf13/cobra"

	"steward/internal/apiclient"
	"steward/internal/config"
	"steward/internal/login"
	"steward/internal/postgres"
	"steward/internal/staff"
)

func newStaffRotate(a *app) *cobra.Command {
	var overlap int

	command := &cobra.Command{
		Use: "rotate [STAFF]", Short: "Make another token, for yourself or for somebody",
		Long: "Makes another token for you and keeps it where steward login put the old one; where the token comes from\n" +
			"STEWARD_TOKEN, it prints the new one. With an id it makes one for somebody else, which an operator may, and\n" +
			"prints it this once: until they have renewed it themselves it is good for nothing else. Tokens from before hold\n" +
			"for a day more, or for --overlap-hours; with 0 they end at once, and so does one that somebody else made; the one\n" +
			"that asks holds five minutes more, so that nothing is lost with an answer.",
		Example: "  steward staff rotate\n  steward staff rotate stf_abcdefghijklmnopqrstuvwxyz --overlap-hours 0",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			body := overlapOf(command, overlap)
			if len(given) == 0 {
				return a.rotateOwn(command, body)
			}

			made, err := a.staffToken(command, apiclient.Path("v1", "staff", given[0], "tokens"), body)
			if err != nil {
				return err
			}

			return a.showHanded(made)
		},
	}
	addOverlap(command, &overlap)

	return command
}

// rotateOwn makes a token for who is logged in and keeps it in place of the old one.
// A crash before it is kept loses it; the old one holds for the overlap, if there is
// one, and another can be made.
func (a *app) rotateOwn(command *cobra.Command, body any) error {
	path, err := login.Path(os.Getenv)
	if err != nil {
		return err
	}

	made, err := a.staffToken(command, "/v1/me/tokens", body)
	if err != nil || os.Getenv(login.TokenVariable) != "" {
		return joined(err, a.showUnless(err, made))
	}

	stored, err := login.Load(path)
	if err != nil {
		return joined(a.showToken(made), err) // shown rather than lost
	}

	if err := login.Save(path, login.Login{URL: stored.URL, Token: made.Token}); err != nil {
		return joined(a.showToken(made), err)
	}

	made.Token = ""

	if a.console.JSON {
		return a.console.Document(made)
	}

	return a.console.Say("%s has another token now, kept in %s", made.Handle, path)
}

func (a *app) showUnless(err error, made madeToken) error {
	if err != nil {
		return err
	}

	return a.showToken(made)
}

func newStaffBootstrap(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "bootstrap HANDLE", Short: "Make the first operator, on the database itself",
		Long: "Makes an operator and prints their token this once. It works on the steward database with the login of\n" +
			"steward setup (STEWARD_DATABASE_URL), and only while no operator has a token that holds: at the first use,\n" +
			"or when every operator's token has expired. The ledger says that it was done, and by which login.",
		Example: "  steward staff bootstrap operator-1", Args: args(cobra.ExactArgs(1)),
		RunE: func(command *cobra.Command, given []string) error {
			settings, err := config.Load()
			if err != nil {
				return err
			}

			db, err := a.database(command.Context(), settings)
			if err != nil {
				return err
			}

			made, err := bootstrap(command, db, settings, given[0])
			if err != nil {
				return err
			}

			return a.showToken(made)
		},
	}
}

func bootstrap(command *cobra.Command, db *postgres.DB, settings config.Config, handle string) (madeToken, error) {
	member, token, err := staff.Bootstrap(command.Context(), db, staff.New{Handle: handle}, settings.Clock().Now())

	return madeToken{
		staffRow: staffRow{
			ID: member.ID, Handle: member.Handle, Role: string(member.Role), State: "holds", Since: member.Since, ExpiresAt: &member.ExpiresAt,
		},
		Token: token.Reveal(),
	}, err
}
