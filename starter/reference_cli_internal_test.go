package main

import (
	"fmt"
	"go/ast"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/failure"
)

// TestReference holds the tables of docs/cli.md to the code. What stands outside
// the marks is written by hand.
func TestReference(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}

	for name, part := range map[string]string{
		"commands": commandTable(), "exit codes": exitTable(t), "codes": codeTable(), "variables": variableTable(t),
	} {
		start, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->"

		before, rest, found := strings.Cut(string(text), start)
		_, after, closed := strings.Cut(rest, end)

		if !found || !closed {
			t.Fatalf("docs/cli.md has no place for the %s", name)
		}

		text = []byte(before + start + "\n" + part + "\n" + end + after)
	}

	same(t, "../docs/cli.md", text)
}

func commandTable() string {
	var table strings.Builder

	table.WriteString("| command | what it does |\n|---|---|\n")
	walk(newRoot(&app{console: &console.Console{}}), func(command *cobra.Command) {
		if !command.HasSubCommands() && command.Name() != "help" || command.Name() == "ui" {
			usage := strings.TrimSuffix(command.UseLine(), " [flags]")
			fmt.Fprintf(&table, "| `%s` | %s |\n", strings.ReplaceAll(usage, "|", "\\|"), command.Short)
		}
	})

	return table.String()
}

// exitTable reads the meaning of each exit code from the comment of its constant.
func exitTable(t *testing.T) string {
	t.Helper()

	var table strings.Builder

	table.WriteString("| exit code | meaning |\n|---|---|\n")

	for _, file := range sources(t, "steward/internal/failure") {
		ast.Inspect(file, func(node ast.Node) bool {
			spec, ok := node.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}

			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Exit" {
				number, ok := spec.Values[0].(*ast.BasicLit)
				if !ok {
					t.Errorf("%s is no number", spec.Names[0].Name)

					return true
				}

				_, meaning, _ := strings.Cut(strings.Join(strings.Fields(spec.Doc.Text()), " "), ": ")
				fmt.Fprintf(&table, "| %s | %s |\n", number.Value, meaning)
			}

			return true
		})
	}

	return table.String()
}

func codeTable() string {
	var table strings.Builder

	table.WriteString("| code | exit | what happened | what to do |\n|---|---|---|---|\n")

	for _, row := range failure.Table() {
		fmt.Fprintf(&table, "| `%s` | %d | %s | %s |\n", row.Code, row.Exit, row.Text, row.Hint)
	}

	return table.String()
}

func variableTable(t *testing.T) string {
	t.Helper()

	var table strings.Builder

	table.WriteString("| variable | default | meaning |\n|---|---|---|\n")

	of := reflect.TypeFor[config.Config]()
	for field := range of.Fields() {
		if name := field.Tag.Get("env"); name != "" {
			fmt.Fprintf(&table, "| `%s` | %s | %s |\n", name, field.Tag.Get("envDefault"), commentOf(t, of, field.Name))
		}
	}

	return table.String()
}
