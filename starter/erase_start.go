package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"steward/internal/erasure/plan"
	"steward/internal/failure"
)

// accountFlag names an account.
const accountFlag = "account"

// whom says who is erased or held: an account, or a person whose identities come from
// standard input, where no list of processes and no history of a shell keeps them.
type whom struct {
	account string
	person  bool
}

func (w *whom) flags(command *cobra.Command) {
	command.Flags().StringVar(&w.account, accountFlag, "",
		"the account as the app writes it; with --person the customer whose data the person is in")
	command.Flags().BoolVar(&w.person, "person", false, "one person, whose identities are read from standard input, one \"type value\" a line")
}

// kind of subject it is.
func (w *whom) kind() plan.Subject {
	if w.person {
		return plan.Person
	}

	return plan.Account
}

// maxIdentityLines bounds what is read: a person has a handful of identities.
const maxIdentityLines = 50

// identities reads the lines of standard input: email, phone, visitor or user, a space, and the value.
// It fails with UsageWrong and never repeats what it read.
func (w *whom) identities(from io.Reader) (map[string][]string, error) {
	read := map[string][]string{}

	if !w.person {
		if w.account == "" {
			return nil, failure.New(failure.UsageWrong, "looking for whom it is about (say --account, or --person)")
		}

		return read, nil
	}

	lines := bufio.NewScanner(from)

	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}

		kind, value, found := strings.Cut(text, " ")
		if !found || n > maxIdentityLines {
			return nil, failure.New(failure.UsageWrong,
				fmt.Sprintf("reading line %d of the identities (a type, a space, a value; %d lines at most)", n, maxIdentityLines))
		}

		read[kind] = append(read[kind], strings.TrimSpace(value))
	}

	if err := lines.Err(); err != nil || len(read) == 0 {
		return nil, failure.New(failure.UsageWrong, "reading the identities of a person from standard input")
	}

	return read, nil
}

// noIdentity refuses every argument and, unlike cobra.NoArgs, does not repeat it: it may be an identity.
func noIdentity(_ *cobra.Command, given []string) error {
	if len(given) > 0 {
		return failure.New(failure.UsageWrong, "reading the arguments (there are none; identities are read from standard input)")
	}

	return nil
}

// body is whom it is about, as the API takes it.
func (w *whom) body() (map[string]any, error) {
	identities, err := w.identities(os.Stdin)
	if err != nil {
		return nil, err
	}

	body := map[string]any{}
	if w.account != "" {
		body["account"] = w.account
	}

	if w.person {
		body["person"] = identities
	}

	return body, nil
}

func newEraseStart(a *app) *cobra.Command {
	var (
		of       whom
		language string
		planOnly bool
	)

	command := &cobra.Command{
		Use: "start", Short: "Ask for the erasure of an account, or of a person",
		Long: "Opens the case of an erasure in your name. It is planned soon after; a lead who is not you approves that plan.\n" +
			"A person's identities are read from standard input, one \"type value\" a line (email, phone, visitor, user), and\n" +
			"are sealed; --account names the customer whose data the person is in, none the company's own tables.",
		Example: "  steward erase start --account 4711\n" +
			"  steward erase start --person --account 4711 --language fr # identities on standard input",
		Args: args(noIdentity),
		RunE: func(command *cobra.Command, _ []string) error {
			body, err := of.body()
			if err != nil {
				return err
			}

			if language != "" {
				body["language"] = language
			}

			if planOnly {
				body["plan_only"] = true
			}

			return a.callErasure(command, http.MethodPost, "/v1/erasures", body)
		},
	}
	of.flags(command)
	command.Flags().StringVar(&language, "language", "", "that of the certificates: en or fr; English without it")
	command.Flags().BoolVar(&planOnly, "plan-only", false, "only count what there is: nothing is closed or erased")

	return command
}
