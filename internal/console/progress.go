package console

import (
	"fmt"
	"time"
)

// The pace of progress lines where they cannot be written anew: work that ends
// within the first seconds needs none, and more than one in five is noise in a
// build log.
const (
	quiet = 2 * time.Second
	pace  = 5 * time.Second
)

// Progress shows how far long work has come: one line written anew on a
// terminal, a line now and then elsewhere, nothing where a program reads.
type Progress struct {
	console *Console
	next    time.Time
	last    string
	open    bool // a line on the terminal waits to be written anew
}

// Progress begins to show work that started at the given instant.
func (c *Console) Progress(start time.Time) *Progress {
	return &Progress{console: c, next: start.Add(quiet)}
}

// Show tells where the work stands now.
func (p *Progress) Show(now time.Time, text string) {
	text = OneLine(text)

	switch {
	case p.console.JSON || text == p.last && p.console.Live:
	case p.console.Live:
		fmt.Fprintf(p.console.Err, "\r\x1b[K%s", text)

		p.last, p.open = text, true
	case !now.Before(p.next):
		fmt.Fprintln(p.console.Err, text)

		p.next = now.Add(pace)
	}
}

// Done removes the line that was written anew.
func (p *Progress) Done() {
	if p.open {
		fmt.Fprint(p.console.Err, "\r\x1b[K")

		p.open = false
	}
}
