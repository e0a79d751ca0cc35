package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/failure"
)

func tree() *cobra.Command { return newRoot(&app{console: &console.Console{}}) }

// resolves reports whether words after "steward" are a command that exists, with
// flags that it has.
func resolves(words []string) bool {
	if len(words) > 0 && words[0] == "--help" {
		return true
	}

	root := tree()

	command, rest, err := root.Find(words)
	if err != nil || command == root {
		return false
	}

	if command.Name() == "ui" {
		return len(rest) == 0 || slices.Contains(command.ValidArgs, rest[0])
	}

	return !command.HasSubCommands() && command.ParseFlags(rest) == nil
}

func TestResolvesCanFail(t *testing.T) {
	t.Parallel()

	for line, want := range map[string]bool{
		"backup list": true, "backup list --database app": true, "ui overdue": true, "--help": true,
		"backup lst": false, "backup": false, "database": false, "backup list --wat": false, "ui nothing": false,
	} {
		if got := resolves(strings.Fields(line)); got != want {
			t.Errorf("steward %s: %v", line, got)
		}
	}
}

var namesCommand = regexp.MustCompile("(?:: |[(\"`])steward ((?:--help|[a-z][a-z-]*)(?: [a-z-]+)*)")

// TestHintsNameCommandsThatExist reads every hint of the failure table, every help
// text, and the texts in the sources of what speaks to people.
func TestHintsNameCommandsThatExist(t *testing.T) {
	t.Parallel()

	texts := map[string]string{}
	for _, row := range failure.Table() {
		texts["hint of "+string(row.Code)] = row.Hint
	}

	walk(tree(), func(command *cobra.Command) {
		texts["help of "+command.CommandPath()] = command.Long + "\n" + command.Short
	})

	for _, pattern := range []string{"*.go", "../internal/doctor/*.go", "../internal/doctor/*/*.go", "../internal/setup/*.go", "../internal/promise/*.go"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatal(pattern, err)
		}

		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}

			if !strings.HasSuffix(path, "_test.go") {
				texts[path] = string(text)
			}
		}
	}

	found := 0

	for where, text := range texts {
		for _, match := range namesCommand.FindAllStringSubmatch(text, -1) {
			found++

			// Words of the sentence may follow; one of the beginnings must be a command.
			words := strings.Fields(match[1])
			if !slices.ContainsFunc([]int{3, 2, 1}, func(n int) bool { return resolves(words[:min(n, len(words))]) }) {
				t.Errorf("%s names steward %s, which does not exist", where, match[1])
			}
		}
	}

	if found < len(failure.Table())/2 {
		t.Errorf("only %d commands found: the pattern is wrong", found)
	}
}

// TestEveryCommandHasHelpAndExamplesThatWork parses each example as it would be
// typed.
func TestEveryCommandHasHelpAndExamplesThatWork(t *testing.T) {
	t.Parallel()

	walk(tree(), func(command *cobra.Command) {
		if command.Name() == "help" {
			return
		}

		if command.Short == "" || command.Long == "" || command.Example == "" {
			t.Errorf("%s lacks help or an example", command.CommandPath())
		}

		for line := range strings.Lines(command.Example) {
			if _, after, found := strings.Cut(line, "$(steward "); found {
				line = "steward " + strings.TrimSuffix(strings.TrimSpace(after), `)"`)
			}

			for _, end := range []string{" | ", " > ", " #"} {
				line, _, _ = strings.Cut(line, end)
			}

			words := strings.Fields(line)
			for len(words) > 0 && strings.Contains(words[0], "=") {
				words = words[1:]
			}

			if len(words) < 2 || words[0] != "steward" || !resolves(words[1:]) {
				t.Errorf("the example of %s does not work: %s", command.CommandPath(), strings.TrimSpace(line))
			}
		}
	})
}

// TestNextIsTheCommandOfTheHint covers what programs read of a hint.
func TestNextIsTheCommandOfTheHint(t *testing.T) {
	t.Parallel()

	for _, row := range failure.Table() {
		next := nextCommand(tree(), row.Hint)
		if strings.Contains(row.Hint, ": steward ") != (next != "") {
			t.Errorf("%s: %q gives %q", row.Code, row.Hint, next)
		}

		if next != "" && !complete(t, strings.Fields(next)) {
			t.Errorf("%s: %q is no command line that works", row.Code, next)
		}
	}

	for hint, want := range map[string]string{
		"Run today's: steward backup run --all":                 "steward backup run --all",
		"See: steward --help":                                   "steward --help",
		"Run: steward backup run --all, then look.":             "steward backup run --all",
		"Run: steward backup run --database NAME":               "steward backup run",
		"See: steward doctor (or the log).":                     "steward doctor",
		"See: steward backup list --no-such-flag":               "steward backup list",
		"Nothing that the steward of a house would know about.": "",
	} {
		if got := nextCommand(tree(), hint); got != want {
			t.Errorf("%q gives %q", hint, got)
		}
	}
}

// complete reports whether a whole command line parses and has the arguments that
// its command asks for.
func complete(t *testing.T, words []string) bool {
	t.Helper()

	if words[0] != "steward" || !resolves(words[1:]) {
		return false
	}

	command, rest, err := tree().Find(words[1:])
	if err != nil || len(words) > 1 && words[1] == "--help" {
		return err == nil
	}

	if err := command.ParseFlags(rest); err != nil {
		return false
	}

	if command.Name() == "run" {
		// The policy of the demo, as most, has two databases.
		all, err := command.Flags().GetBool("all")
		if err != nil || !all {
			return false
		}
	}

	return command.ValidateArgs(command.Flags().Args()) == nil
}
