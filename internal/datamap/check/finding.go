package check

import (
	"cmp"
	"fmt"
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// Severity says whether erasures wait.
type Severity string

const (
	// Wrong stops every erasure in the database before it starts.
	Wrong Severity = "wrong"
	// Note is to be known, and stops nothing by itself.
	Note Severity = "note"
)

// Finding is one thing that the map, the schema and the policy do not agree about.
type Finding struct {
	// Database is the database's name in the policy.
	Database string `json:"database"`
	// Table is schema.table as the data map writes it, empty for the database as a whole.
	Table string `json:"table,omitempty"`
	// Columns are those that it is about, none where it is about the table.
	Columns []string `json:"columns,omitempty"`
	// Line is where the map says so, 0 where it says nothing.
	Line int `json:"line,omitempty"`
	// Severity says whether erasures wait.
	Severity Severity `json:"severity"`
	// What is wrong, or to be known. It holds names of the schema, and no values.
	What string `json:"what"`
	// Remedy is what mends it.
	Remedy string `json:"remedy"`
}

// String is the finding in one line, without its severity.
func (f Finding) String() string {
	place := f.Database
	if f.Table != "" {
		place += " " + f.Table
	}

	if f.Line > 0 {
		place += fmt.Sprintf(" (line %d)", f.Line)
	}

	return place + ": " + f.What + "; " + f.Remedy
}

// Stops tells whether erasures have to wait for any of the findings.
func Stops(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Severity == Wrong })
}

// sorted puts findings in the order of databases and tables, what is wrong before what is to be known, each once.
func sorted(findings []Finding) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Database, b.Database), cmp.Compare(a.Table, b.Table), -cmp.Compare(a.Severity, b.Severity),
			cmp.Compare(a.What, b.What))
	})

	return slices.CompactFunc(findings, func(a, b Finding) bool {
		return a.Database == b.Database && a.Table == b.Table && a.What == b.What
	})
}

// findings gathers what is found in one database.
type findings struct {
	database string
	list     []Finding
}

func (f *findings) wrong(table liveschema.Name, columns []string, at datamap.Place, what, remedy string) {
	f.add(Wrong, table, columns, at, what, remedy)
}

func (f *findings) note(table liveschema.Name, columns []string, at datamap.Place, what, remedy string) {
	f.add(Note, table, columns, at, what, remedy)
}

func (f *findings) add(severity Severity, table liveschema.Name, columns []string, at datamap.Place, what, remedy string) {
	found := Finding{Database: f.database, Columns: columns, Line: at.Line, Severity: severity, What: what, Remedy: remedy}
	if table != (liveschema.Name{}) {
		found.Table = datamap.WriteName(table)
	}

	f.list = append(f.list, found)
}
