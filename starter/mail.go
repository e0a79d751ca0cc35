package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/letter"
)

// mailRow is one mail of the outbox.
type mailRow struct {
	// ID is opaque; MessageID is the header of every copy.
	ID string `json:"id"`
	// MessageID has no brackets.
	MessageID string `json:"message_id"`
	// Letter says which letter it is, Language in which language.
	Letter string `json:"letter"`
	// Language is en or fr.
	Language string `json:"language"`
	// About is the opaque id of what it is about.
	About string `json:"about,omitempty"`
	// State is what became of it (docs/mail.md).
	State string `json:"state"`
	// Tries are those so far.
	Tries int `json:"tries"`
	// Code is why the last try failed.
	Code string `json:"code,omitempty"`
	// Reply is what the mail server answered to it.
	Reply int `json:"reply,omitempty"`
	// QueuedAt is when it was decided on.
	QueuedAt time.Time `json:"queued_at"`
	// AcceptedAt is when a mail server took it.
	AcceptedAt *time.Time `json:"accepted_at,omitempty"`
	// SettledAt is when nothing more was to be done for it, unless it was accepted.
	SettledAt *time.Time `json:"settled_at,omitempty"`
	// EndsAt is when its row goes.
	EndsAt time.Time `json:"ends_at"`
}

// mailResult is what mail list prints.
type mailResult struct {
	// Mail are the newest first.
	Mail []mailRow `json:"mail"`
}

// mailPage is one page of them.
type mailPage struct {
	mailResult

	Next string `json:"next_cursor"`
}

// previewResult is what mail preview prints.
type previewResult struct {
	// Letters are in the order of the docs.
	Letters []previewed `json:"letters"`
}

// previewed is one letter with made-up values.
type previewed struct {
	letter.Rendered

	// Name is that of the letter.
	Name string `json:"name"`
	// Language is en or fr.
	Language letter.Language `json:"language"`
}

func newMail(a *app) *cobra.Command {
	return group("mail", "See the letters, and what became of mails",
		"Steward's mails wait in an outbox, sealed, until a mail server has taken them (docs/mail.md).",
		"  steward mail preview\n  steward mail list",
		newMailPreview(a), newMailList(a))
}

func newMailPreview(a *app) *cobra.Command {
	var (
		language string
		page     bool
	)

	command := &cobra.Command{
		Use: "preview [LETTER]", Short: "Print a letter with made-up values",
		Long: "Prints one letter, or all of them, as a recipient gets it: the subject and the plain text, or the HTML page. It\n" +
			"needs no service. Without --language it prints every language.",
		Example: "  steward mail preview\n  steward mail preview promise_alert --language fr\n" +
			"  steward mail preview promise_alert --language fr --html > letter.html",
		Args: args(cobra.MaximumNArgs(1)), Annotations: unattached(),
		RunE: func(_ *cobra.Command, given []string) error {
			result, err := preview(given, language)
			if err != nil {
				return err
			}

			return a.showPreview(result, page)
		},
	}
	command.Flags().StringVar(&language, "language", "", "en or fr; all of them without it")
	command.Flags().BoolVar(&page, "html", false, "print the HTML page in place of the text")

	return command
}

// preview renders the letters that were asked for.
func preview(given []string, language string) (previewResult, error) {
	letters, languages := letter.Letters(), letter.Languages()

	if len(given) > 0 {
		one, known := letter.Find(given[0])
		if !known {
			return previewResult{}, failure.New(failure.UsageWrong, "looking for a letter (known are "+strings.Join(letterNames(), ", ")+")")
		}

		letters = []letter.Letter{one}
	}

	if language != "" {
		if languages = []letter.Language{letter.Language(language)}; !languages[0].Known() {
			return previewResult{}, failure.New(failure.UsageWrong, "reading --language (it is en or fr)")
		}
	}

	result := previewResult{}

	for _, one := range letters {
		for _, in := range languages {
			rendered, err := letter.Render(one, in)
			if err != nil {
				return previewResult{}, err
			}

			result.Letters = append(result.Letters, previewed{Rendered: rendered, Name: one.Name(), Language: in})
		}
	}

	return result, nil
}

func letterNames() []string {
	var names []string
	for _, one := range letter.Letters() {
		names = append(names, one.Name())
	}

	return names
}

func (a *app) showPreview(result previewResult, page bool) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	for _, one := range result.Letters {
		text := fmt.Sprintf("%s (%s)\nSubject: %s\n\n%s", one.Name, one.Language, one.Subject, one.Text)
		if page {
			text = one.HTML
		}

		if err := a.console.Say("%s", text); err != nil {
			return err
		}
	}

	return nil
}

func newMailList(a *app) *cobra.Command {
	limit := showLimit

	command := &cobra.Command{
		Use: listCommand, Short: "List mails and what became of them",
		Long: "Lists the mails of the outbox, the newest first, until their end date. Who was written to and what was said is\n" +
			"sealed and is not shown. Delivered means: accepted by a mail server, and not bounced for 72 hours.",
		Example: "  steward mail list\n  steward mail list --limit 5 --json", Args: args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			if err := checkLimit(limit); err != nil {
				return err
			}

			mails, err := listed(command.Context(), a, "/v1/mail", limit, func(page mailPage) ([]mailRow, string) { return page.Mail, page.Next })
			if err != nil {
				return err
			}

			return a.showMail(mailResult{Mail: mails})
		},
	}
	command.Flags().IntVar(&limit, "limit", limit, "how many at most")

	return command
}

func (a *app) showMail(result mailResult) error {
	if a.console.JSON {
		return a.console.Document(result)
	}

	table := console.Table{Head: []string{"MAIL", "LETTER", "QUEUED", stateColumn, "TRIES", "WHY"}, Empty: "there is no mail"}

	for _, one := range result.Mail {
		table.Add(console.Cell{Text: one.ID}, console.Cell{Text: one.Letter + " (" + one.Language + ")"},
			console.Cell{Text: a.console.When(one.QueuedAt)}, sendingState(one.State),
			console.Cell{Text: strconv.Itoa(one.Tries)}, console.Cell{Text: whyFailed(one.Code, one.Reply)})
	}

	return a.console.Table(table)
}

// whyFailed tells why the last try of a mail or a delivery failed: a code, and what the
// other side answered, 0 where it did not.
func whyFailed(code string, answered int) string {
	if answered == 0 {
		return code
	}

	return fmt.Sprintf("%s (%d)", code, answered)
}

// sendingState is the cell of a state of a mail or a delivery.
func sendingState(state string) console.Cell {
	tones := map[string]console.Tone{
		"delivered": console.Good, "accepted": console.Good, "waiting": console.Faint, "refused": console.Bad, "given_up": console.Bad,
		"uncertain": console.Bad, "bounced": console.Bad, "complained": console.Bad,
	}

	return console.Cell{Text: strings.ReplaceAll(state, "_", " "), Tone: tones[state]}
}
