package figure

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"text/tabwriter"
)

// Machine is where a bench ran.
type Machine struct {
	// Cores is what the machine has, Load its load average over the last minute before the run: more than none means
	// that others were at work.
	Cores int    `json:"cores"`
	Load  string `json:"load"`
}

// ThisMachine is the machine as it is now; its load is "unknown" where the kernel does not tell.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), Load: "unknown"}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		m.Load, _, _ = strings.Cut(string(text), " ")
	}
	return m
}

// WriteJSON writes a report as one indented object.
func WriteJSON(out io.Writer, report any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return fmt.Errorf("writing the report: %w", err)
	}
	return nil
}

// NewTable makes a table, whose cells end with tabs. Flush writes it, and tells what went wrong on the way.
func NewTable(out io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(out, 0, 0, 2, ' ', 0) }

// WriteFigures adds figures to a table, below a title.
func WriteFigures(table *tabwriter.Writer, title string, figures []Figure) {
	fmt.Fprintf(table, "\n%s\tmedian\tleast\tmost\taim\t\n", title)
	for _, f := range figures {
		fmt.Fprintf(table, "%s\t%.2f\t%.2f\t%.2f\t%s\n", f.Name, f.Median, f.Least, f.Most, f.verdict())
	}
}

// verdict is the last two cells of a figure.
func (f Figure) verdict() string {
	if f.Aim == 0 {
		return "\t"
	}
	sign, verdict := ">=", "reached"
	if f.AtMost {
		sign = "<="
	}
	if !f.Reached {
		verdict = "missed"
	}
	return fmt.Sprintf("%s %.2f\t%s", sign, f.Aim, verdict)
}
