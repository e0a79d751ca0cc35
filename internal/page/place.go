package page

import "time"

// Place is where a page ends in a list that is sorted by a time and an id: the next
// begins behind it. The zero value is before the first item.
type Place struct {
	// At is the time of the last item that was shown.
	At time.Time `json:"at"`
	// ID tells apart items of one instant; no item's is empty.
	ID string `json:"id"`
}

// Behind gives the two arguments of a statement that reads what lies behind the place:
// the time is nil where the list begins.
func (p Place) Behind() (at *time.Time, id string) {
	if p.ID == "" {
		return nil, ""
	}

	return &p.At, p.ID
}
