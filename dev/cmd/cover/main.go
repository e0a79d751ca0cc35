// Command cover reads coverage profiles and prints, for each package, the share of statements that tests have executed,
// and then every line that returns an error and that no test has executed.
//
//	cover [-strict] [-dir DIR] PROFILE...
//
// DIR holds the go.mod of the module, by default the current directory. With -strict it exits with 1 when there is such a
// line.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"golang.org/x/mod/modfile"

	"steward/dev/cmd/cover/uncovered"
)

// errLines says that -strict found something; what was found has been printed.
var errLines = errors.New("some lines that return an error were never executed")

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "cover:", err)
		os.Exit(1)
	}
}

// run does the work of main for these arguments.
func run(args []string, out, errOut io.Writer) error {
	flags := flag.NewFlagSet("cover", flag.ContinueOnError)
	flags.SetOutput(errOut)
	strict := flags.Bool("strict", false, "fail when a line that returns an error was never executed")
	dir := flags.String("dir", ".", "directory of the module")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("reading the arguments: %w", err)
	}
	if flags.NArg() == 0 {
		return errors.New("no profile given: make cover")
	}
	mod, err := os.ReadFile(filepath.Join(*dir, "go.mod"))
	if err != nil {
		return fmt.Errorf("reading the module file: %w", err)
	}
	report, err := uncovered.Read(modfile.ModulePath(mod), *dir, flags.Args()...)
	if err != nil {
		return fmt.Errorf("adding up the profiles: %w", err)
	}
	if err := printReport(out, report); err != nil {
		return err
	}
	if *strict && len(report.Lines) > 0 {
		return errLines
	}
	return nil
}

func printReport(out io.Writer, report uncovered.Report) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	var all uncovered.Package
	for _, p := range report.Packages {
		all.Statements += p.Statements
		all.Executed += p.Executed
		fmt.Fprintf(table, "%s\t%d/%d\t%s\n", p.Path, p.Executed, p.Statements, share(p))
	}
	fmt.Fprintf(table, "all\t%d/%d\t%s\n", all.Executed, all.Statements, share(all))
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	fmt.Fprintf(out, "\n%d of %d lines that return an error were never executed\n", len(report.Lines), report.ErrorReturns)
	for _, line := range report.Lines {
		fmt.Fprintf(out, "  %s:%d: %s\n", line.File, line.Line, line.Text)
	}
	return nil
}

func share(p uncovered.Package) string {
	const perCent = 100
	if p.Statements == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", float64(p.Executed)*perCent/float64(p.Statements))
}
