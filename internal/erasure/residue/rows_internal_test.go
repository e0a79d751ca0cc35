package residue

import (
	"bytes"
	"testing"

	"steward/internal/datamap"
)

// The field of each place is the number of tabs before it, whichever places are asked for in order.
func TestTheFieldOfAPlace(t *testing.T) {
	t.Parallel()

	row := []byte("1\t\tann@example.com bob@example.com\t\\N\t\tlast")

	for step := 1; step < len(row); step++ {
		at := fields{row: row}
		for place := 0; place <= len(row); place += step {
			if got, want := at.number(place), bytes.Count(row[:place], []byte{'\t'}); got != want {
				t.Errorf("step %d, place %d: field %d, want %d", step, place, got, want)
			}
		}
	}
}

// A pass that is used twice looks for those of its last run, each once.
func TestAPassLooksForThoseOfItsLastRun(t *testing.T) {
	t.Parallel()

	var pass Pass

	for range 2 {
		pass.prepare([]Sought{{Identity: datamap.Email, Value: "ann@example.com"}, {Identity: datamap.Phone, Value: "442079460977"}})

		if len(pass.sought) != 2 {
			t.Errorf("%d are sought", len(pass.sought))
		}
	}
}
