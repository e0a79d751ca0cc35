package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"steward/internal/failure"
)

// newRoot makes the tree of all commands.
func newRoot(a *app) *cobra.Command {
	root := group("steward", "Keeps the promises of the company's policies, and proves it",
		"Steward keeps what the company's policies promise about data, and proves that it did.\n\n"+
			"Addresses and secrets come from the environment (STEWARD_DATABASE_URL, TEMPORAL_ADDRESS and\n"+
			"others, see docs/cli.md), promises from the policy. Inside a clone whose dev environment is up,\n"+
			"the command reads .dev/env unless STEWARD_ENV is set.",
		"  steward setup            # at each deploy\n"+
			"  steward doctor           # is everything as the policy needs it?\n"+
			"  steward promises --json  # for a monitor; exit code 5 when one is at risk or broken",
		newSetup(a), newDoctor(a), newPromises(a), newBackup(a), newLedger(a), newPolicy(a), newDataMap(a), newMail(a), newWebhook(a), newUI(a),
		newLogin(a), newLogout(a), newKey(a), newStaff(a), newAct(a), newAccount(a), newTask(a), newErase(a), newHold(a),
		newReconcile(a), newCertificate(a), newReplay(a), newDescribe(a), newVersion(a))

	root.SilenceErrors, root.SilenceUsage = true, true
	root.PersistentFlags().BoolVar(&a.console.JSON, "json", false, "print JSON as docs/cli-json.md describes it")
	root.PersistentPreRunE = func(command *cobra.Command, _ []string) error {
		if a.ownEnv || command.Annotations[offline] != "" {
			return nil
		}

		return a.readDevEnv()
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return wrongUsage(err) })
	root.InitDefaultCompletionCmd()
	withExamples(root)

	return root
}

// offline marks commands that read no environment at all.
const offline = "offline"

// unattached is the mark itself.
func unattached() map[string]string { return map[string]string{offline: "yes"} }

// group makes a command that only holds others. Without one of them it prints
// its help; with an unknown one it fails, where cobra alone would print help and
// call it success.
func group(use, short, long, example string, commands ...*cobra.Command) *cobra.Command {
	made := &cobra.Command{
		Use: use, Short: short, Long: long, Example: example, Annotations: unattached(),
		Args: func(command *cobra.Command, args []string) error {
			if len(args) > 0 {
				return failure.New(failure.UsageWrong, "looking for the command "+command.CommandPath()+" "+args[0]+suggestion(command, args[0]))
			}

			return nil
		},
		RunE: func(command *cobra.Command, _ []string) error { return command.Help() },
	}
	made.AddCommand(commands...)

	return made
}

func suggestion(command *cobra.Command, typed string) string {
	command.SuggestionsMinimumDistance = 2

	if names := command.SuggestionsFor(typed); len(names) > 0 {
		return " (did you mean " + strings.Join(names, " or ") + "?)"
	}

	return ""
}

// withExamples gives cobra's own completion command the examples that all others
// have.
func withExamples(root *cobra.Command) {
	for _, command := range root.Commands() {
		if command.Name() != "completion" {
			continue
		}

		command.Example = "  steward completion bash > /etc/bash_completion.d/steward"

		for _, shell := range command.Commands() {
			shell.Example = "  steward completion " + shell.Name()
			shell.Annotations = unattached()
		}
	}
}

// usageError is what cobra says of a wrong command line; it holds only what was
// typed.
type usageError struct{ cause error }

// Error implements error.
func (e *usageError) Error() string { return e.cause.Error() }

// wrongUsage marks an error as one of the command line.
func wrongUsage(err error) error {
	if err == nil {
		return nil
	}

	return &usageError{cause: err}
}

// usage gives an error of the command line its code, with cobra's own words.
func usage(err error) error {
	if wrong, ok := errors.AsType[*usageError](err); ok {
		return failure.New(failure.UsageWrong, wrong.Error())
	}

	return err
}

// args checks how many arguments there are, and calls a wrong number wrong usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(command *cobra.Command, given []string) error { return wrongUsage(check(command, given)) }
}

// asksForJSON finds the flag in a command line that could not be read.
func asksForJSON(args []string) bool {
	return slices.Contains(args, "--json") || slices.Contains(args, "--json=true")
}

// nextCommand is the command that a hint names, with its flags, as it is to be
// typed; empty where it names none.
func nextCommand(root *cobra.Command, hint string) string {
	_, after, found := strings.Cut(hint, "steward ")
	if !found {
		return ""
	}

	command, words := root, []string(nil)

	for word := range strings.FieldsSeq(after) {
		word = strings.Trim(word, ".,;:()")

		if name, flag := strings.CutPrefix(word, "--"); flag && knows(command, name) {
			words = append(words, word)

			continue
		}

		child, _, err := command.Find([]string{word})
		if err != nil || child == command {
			break
		}

		command, words = child, append(words, word)
	}

	if len(words) == 0 {
		return ""
	}

	return root.Name() + " " + strings.Join(words, " ")
}

// knows reports whether the command has a flag of that name that takes no value;
// no hint knows the value of another.
func knows(command *cobra.Command, name string) bool {
	command.InitDefaultHelpFlag()

	flag := command.Flag(name)

	return flag != nil && flag.NoOptDefVal != ""
}

func joined(first, second error) error {
	if first == nil {
		return second
	}

	return first // a failed close after a failed command says nothing new
}
