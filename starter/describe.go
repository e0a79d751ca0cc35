package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// described is one command of the tree.
type described struct {
	// Command is its whole path, such as "steward backup run".
	Command string `json:"command"`
	// Usage is the path with arguments.
	Usage string `json:"usage"`
	// Short says in a few words what it does.
	Short string `json:"short"`
	// Long says it in full.
	Long string `json:"long"`
	// Examples are command lines, one a line.
	Examples string `json:"examples"`
	// Flags are its own; --json and --help exist everywhere.
	Flags []describedFlag `json:"flags"`
	// Commands are those below it.
	Commands []described `json:"commands"`
}

// describedFlag is one flag of a command.
type describedFlag struct {
	// Name is without its dashes.
	Name string `json:"name"`
	// Type is that of the value.
	Type string `json:"type"`
	// Default is the value without the flag.
	Default string `json:"default"`
	// Usage says what it does.
	Usage string `json:"usage"`
}

func newDescribe(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "describe", Short: "Print the tree of all commands",
		Long:    "Prints every command with its flags and examples; with --json for programs that call Steward.",
		Example: "  steward describe --json | jq -r '.. | .command? // empty'",
		Args:    args(cobra.NoArgs), Annotations: unattached(),
		RunE: func(command *cobra.Command, _ []string) error {
			tree := describe(command.Root())
			if a.console.JSON {
				return a.console.Document(tree)
			}

			return a.showTree(tree, 0)
		},
	}
}

func describe(command *cobra.Command) described {
	result := described{
		Command: command.CommandPath(), Usage: command.UseLine(), Short: command.Short, Long: command.Long,
		Examples: trimmed(command.Example), Flags: []describedFlag{}, Commands: []described{},
	}

	command.LocalNonPersistentFlags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "help" {
			result.Flags = append(result.Flags, describedFlag{
				Name: flag.Name, Type: flag.Value.Type(), Default: flag.DefValue, Usage: flag.Usage,
			})
		}
	})

	for _, child := range command.Commands() {
		if child.Name() != "help" {
			result.Commands = append(result.Commands, describe(child))
		}
	}

	return result
}

// trimmed takes the indent off the lines of an example.
func trimmed(example string) string {
	lines := strings.Split(strings.TrimSpace(example), "\n")
	for i := range lines {
		lines[i] = strings.TrimSpace(lines[i])
	}

	return strings.Join(lines, "\n")
}

// nameWidth is how wide the names of commands stand, with their indent.
const nameWidth = 24

func (a *app) showTree(tree described, depth int) error {
	name := tree.Command[strings.LastIndex(tree.Command, " ")+1:]

	err := a.console.Say("%s%s", strings.Repeat("  ", depth), fmt.Sprintf("%-*s %s", nameWidth-2*depth, name, tree.Short))
	for _, child := range tree.Commands {
		err = joined(err, a.showTree(child, depth+1))
	}

	return err
}
