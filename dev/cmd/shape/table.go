package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"steward/dev/cmd/shape/measure"
)

// row is a line of the table: what is counted, our goal, and how a figure is written.
type row struct {
	Name  string
	Goal  string
	value func(measure.Figures) string
}

var rows = []row{
	{"files / packages", "", func(f measure.Figures) string { return fmt.Sprintf("%d / %d", f.Files, f.Packages) }},
	{"lines per file p50 / p95 / max", "120 / 350 / 500", func(f measure.Figures) string { return spread(f.FileLines) }},
	{"lines per function p50 / p95 / max", "12 / 45 / 70", func(f measure.Figures) string { return spread(f.FuncLines) }},
	{"functions > 70 lines", "0 %", func(f measure.Figures) string { return share(f.LongFuncs, f.Funcs) }},
	{"exported functions and types with doc", "100 %", func(f measure.Figures) string {
		return fmt.Sprintf("%d %%", measure.Share(f.Documented, f.Exported))
	}},
	{"packages with package doc", "100 %", func(f measure.Figures) string {
		return fmt.Sprintf("%d %%", measure.Share(f.PackageDocs, f.Packages))
	}},
	{"%w per error construction (typed)", "70 %, rest typed", func(f measure.Figures) string {
		return fmt.Sprintf("%d/%d (%d)", f.Wrapped, f.Errors, f.Typed)
	}},
	{"TODO / nolint", "0", func(f measure.Figures) string { return fmt.Sprintf("%d / %d", f.Todos, f.Nolints) }},
	{"tests (Test/Fuzz/Example)", "-/15/25", func(f measure.Figures) string {
		return fmt.Sprintf("%d/%d/%d", f.Tests, f.Fuzzers, f.Examples)
	}},
	{"direct dependencies", "25", func(f measure.Figures) string { return strconv.Itoa(f.DirectDeps) }},
	{"test lines / code lines", "1.3", func(f measure.Figures) string { return ratio(f.TestCodeLines, f.CodeLines) }},
}

func spread(s measure.Spread) string { return fmt.Sprintf("%d / %d / %d", s.P50, s.P95, s.Max) }

// share prints tenths of a per cent, so that one long function among many still shows.
func share(part, whole int) string {
	const perCent = 100
	if whole == 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.1f %%", float64(part)*perCent/float64(whole))
}

func ratio(part, whole int) string {
	if whole == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(part)/float64(whole))
}

// column is one of our own modules.
type column struct {
	Name   string         `json:"name"`
	Report measure.Report `json:"report"`
}

// printTable writes our modules beside the anchors, then the places that stand out.
func printTable(out io.Writer, ours []column) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, strings.Join(heads(ours), "\t"))
	for i, r := range rows {
		fmt.Fprint(table, r.Name)
		for _, c := range ours {
			fmt.Fprint(table, "\t", r.value(c.Report.Figures))
		}
		fmt.Fprint(table, "\t", r.Goal)
		for _, a := range anchors {
			fmt.Fprint(table, "\t", a.values[i])
		}
		fmt.Fprintln(table)
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("writing the table: %w", err)
	}
	fmt.Fprintln(out, "\n"+source+"\nA mirror, not a limit: a file that reads better longer stays long, and says why.")
	printOffenders(out, ours)
	return nil
}

// heads returns the first line of the table.
func heads(ours []column) []string {
	names := []string{""}
	for _, c := range ours {
		names = append(names, c.Name)
	}
	names = append(names, "goal")
	for _, a := range anchors {
		names = append(names, a.name)
	}
	return names
}

func printOffenders(out io.Writer, ours []column) {
	for _, c := range ours {
		rule := ""
		for _, offender := range c.Report.Offenders {
			if offender.Rule != rule {
				rule = offender.Rule
				fmt.Fprintf(out, "\n%s: %s\n", c.Name, rule)
			}
			fmt.Fprintln(out, strings.TrimRight("  "+offender.Place+"  "+offender.What, " "))
		}
	}
}
