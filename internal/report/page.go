package report

import (
	"bytes"
	_ "embed" // the page's template
	"fmt"
	"html/template"
	"strings"
	"time"

	"steward/internal/failure"
	"steward/internal/ledger"
	"steward/internal/quantity"
)

//go:embed page.html
var pageText string

// page is what the template shows.
type page struct {
	Report

	// File is the name of the signed file beside the page.
	File string
	// Hash is what its signature is over, Note the signature.
	Hash, Note string

	zone  *time.Location
	at    map[ledger.ID]Entry
	month string
}

// Page makes the report a page to print: one HTML document without scripts and
// without anything that lies elsewhere. The page is a reading of the signed file,
// whose name it gives; the file is the evidence. Times are in the report's zone.
// It fails with ReportRefused if that zone is not known here.
func Page(report Report, signed Signed, file string) ([]byte, error) {
	zone, err := time.LoadLocation(report.Zone)
	if err != nil {
		return nil, failure.New(failure.ReportRefused, "writing the page (the report's zone is not known here)")
	}

	month, err := time.Parse("2006-01", report.Month)
	if err != nil {
		return nil, failure.New(failure.ReportRefused, "writing the page (its month is none)")
	}

	shown := page{
		Report: report, File: file, Hash: Hash([]byte(signed.Report)), Note: signed.Note, zone: zone,
		at: map[ledger.ID]Entry{}, month: month.Format("January 2006"),
	}
	for _, entry := range report.Entries {
		shown.at[entry.ID] = entry
	}

	made, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, failure.Wrap(failure.Internal, "reading the page's template", err)
	}

	var out bytes.Buffer

	err = made.Execute(&out, shown)

	return out.Bytes(), failure.Wrap(failure.Internal, "writing the page", err)
}

// ByID are the cited entries.
func (p page) ByID() map[ledger.ID]Entry { return p.at }

// MonthName is the month as people say it.
func (p page) MonthName() string { return p.month }

// When shows a time in the company's zone with its offset, "-" for none.
func (p page) When(at time.Time) string {
	if at.IsZero() {
		return "-"
	}

	return at.In(p.zone).Format("2006-01-02 15:04:05 -07:00")
}

// Short shows a time of the month without its year.
func (p page) Short(at time.Time) string {
	if at.IsZero() {
		return "-"
	}

	return at.In(p.zone).Format("01-02 15:04 -07:00")
}

// Position is where an entry stands in the ledger.
func (p page) Position(id ledger.ID) string {
	entry, known := p.at[id]

	switch {
	case !known:
		return ""
	case entry.Position < 0:
		return "#waiting"
	default:
		return fmt.Sprintf("#%d", entry.Position)
	}
}

// Bytes shows a size.
func (p page) Bytes(count int64) string { return quantity.Bytes(count) }

// Heading names a database, a set of files or the copies in one place.
func (p page) Heading(database Database) string {
	if database.CopyOf != "" {
		return "Copies of database " + database.CopyOf + " in " + database.Location
	}

	if files, are := strings.CutPrefix(database.Name, filesPrefix+"/"); are {
		return "Files " + files
	}

	return "Database " + database.Name
}

// Took shows milliseconds as seconds.
func (p page) Took(ms int64) string {
	return fmt.Sprintf("%.1f s", (time.Duration(ms) * time.Millisecond).Seconds())
}

// Span shows seconds as hours and minutes.
func (p page) Span(seconds int64) string {
	if seconds < 0 {
		return "none was ever drilled"
	}

	const minute = 60

	return fmt.Sprintf("%d h %02d min", seconds/minute/minute, seconds/minute%minute)
}

// Says is the text of a finding's code.
func (p page) Says(code Code) string { return code.Text() }

// StateText is a state as people read it.
func (p page) StateText(state State) string {
	texts := map[State]string{
		Proven: "proven", Missed: "missed", Due: "still due", Excused: "excused", NotInstalled: "not yet installed",
		NoneDue: "none due", NotPromised: "not promised",
	}
	if text, known := texts[state]; known {
		return text
	}

	return string(state)
}
