package console

import (
	"strings"
	"unicode/utf8"
)

// Tone is what a text means; on a terminal it has a colour.
type Tone int

// The tones.
const (
	// Neutral is text without a meaning of its own.
	Neutral Tone = iota
	// Good is as it should be.
	Good
	// Warning needs a look.
	Warning
	// Bad needs somebody now.
	Bad
	// Faint is beside the point.
	Faint
	// Strong is a heading.
	Strong
)

// colours are the SGR codes of the tones, those that every terminal has.
var colours = map[Tone]string{Good: "32", Warning: "33", Bad: "31", Faint: "2", Strong: "1"}

// Cell is one field of a table.
type Cell struct {
	Text string
	Tone Tone
}

// Cells are neutral ones of these texts.
func Cells(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, text := range texts {
		cells[i] = Cell{Text: text}
	}

	return cells
}

// Row is one line of a table, with a note below it if there is one.
type Row struct {
	Cells []Cell
	Note  string
}

// Table is what people read: columns under a heading, set apart by two spaces.
type Table struct {
	Head []string
	Rows []Row
	// Empty is said instead of a table without rows.
	Empty string
}

// Add appends a row.
func (t *Table) Add(cells ...Cell) { t.Rows = append(t.Rows, Row{Cells: cells}) }

// Table writes a table to the standard output.
func (c *Console) Table(table Table) error {
	if len(table.Rows) == 0 {
		return c.Say("%s", table.Empty)
	}

	var out strings.Builder

	widths := table.widths()

	head := make([]Cell, len(table.Head))
	for i, text := range table.Head {
		head[i] = Cell{Text: text, Tone: Strong}
	}

	c.line(&out, head, widths)

	for _, row := range table.Rows {
		c.line(&out, row.Cells, widths)

		if row.Note != "" {
			out.WriteString("  " + c.Paint(Faint, OneLine(row.Note)) + "\n")
		}
	}

	return c.write([]byte(out.String()))
}

// widths are those of the columns, in characters.
func (t *Table) widths() []int {
	widths := make([]int, len(t.Head))
	for i, text := range t.Head {
		widths[i] = utf8.RuneCountInString(text)
	}

	for _, row := range t.Rows {
		for i, cell := range row.Cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(OneLine(cell.Text)))
		}
	}

	return widths
}

// line writes one row; the last column is not padded, so that lines end where
// their text does.
func (c *Console) line(out *strings.Builder, cells []Cell, widths []int) {
	for i, cell := range cells {
		text := OneLine(cell.Text)
		out.WriteString(c.Paint(cell.Tone, text))

		if i < len(cells)-1 {
			out.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(text)+2))
		}
	}

	out.WriteByte('\n')
}

// Paint gives a text the colour of its tone, where colours are shown.
func (c *Console) Paint(tone Tone, text string) string {
	if code, ok := colours[tone]; ok && c.Colour {
		return "\x1b[" + code + "m" + text + "\x1b[0m"
	}

	return text
}
