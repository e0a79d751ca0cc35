package execute

import "time"

const (
	// quick batches are followed by larger ones, slow ones by smaller ones: others wait no longer than that for a row.
	quick = 100 * time.Millisecond
	slow  = 500 * time.Millisecond
	// fewest is the size below which a batch costs more than it spares.
	fewest = 10
)

// pace is how many rows the next batch has.
type pace struct{ rows, most int }

// took learns from a batch.
func (p *pace) took(batch time.Duration) {
	switch {
	case batch < quick:
		p.rows = min(2*p.rows, p.most)
	case batch > slow:
		p.rows = max(p.rows/2, min(p.rows, fewest))
	}
}

// shrink halves a batch that was refused, down to one row.
func (p *pace) shrink() { p.rows = max(p.rows/2, 1) }
