// Command shape prints the shape of this project beside the shape of code that we admire, and where it stands out.
// It is a mirror and no gate: it fails only when it cannot read the code.
//
//	shape [--json] [DIR]
//
// DIR is the root of the project, by default the current directory. The module in DIR is measured, and the one in DIR/dev.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"steward/dev/cmd/shape/measure"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
}

// run does the work of main for these arguments.
func run(args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("shape", flag.ContinueOnError)
	flags.SetOutput(errOut)
	asJSON := flags.Bool("json", false, "print the figures as JSON")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the arguments: %w", err)
	}
	root := "."
	if flags.NArg() > 0 {
		root = flags.Arg(0)
	}

	var ours []column
	for _, module := range []struct{ name, dir string }{{"steward", root}, {"steward/dev", filepath.Join(root, "dev")}} {
		if _, err := os.Stat(filepath.Join(module.dir, "go.mod")); module.dir != root && os.IsNotExist(err) {
			continue
		}
		report, err := measure.Module(module.dir)
		if err != nil {
			return fmt.Errorf("module %s: %w", module.name, err)
		}
		ours = append(ours, column{Name: module.name, Report: report})
	}
	if *asJSON {
		return printJSON(out, ours)
	}
	return printTable(out, ours)
}

func printJSON(out io.Writer, ours []column) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(ours); err != nil {
		return fmt.Errorf("writing the figures: %w", err)
	}
	return nil
}
