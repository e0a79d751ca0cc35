package life

import (
	"slices"

	"steward/internal/catalogue"
)

// Attempt is one attempt at a day, with what it announced in the bucket. Attempts
// have no time of their own: they are known by their objects.
type Attempt struct {
	// ID is opaque.
	ID string `json:"id"`
	// Current says that the row stands for this attempt.
	Current bool `json:"current"`
	// Objects counts what it announced, Stored what reached the bucket whole.
	Objects int `json:"objects"`
	// Stored counts what reached the bucket whole.
	Stored int `json:"stored"`
}

// Attempts gives the attempts that announced an object, the current one last. The
// current one is there even without an object.
func Attempts(row catalogue.Backup, objects []catalogue.Object) []Attempt {
	var attempts []Attempt

	at := func(id string) *Attempt {
		found := slices.IndexFunc(attempts, func(a Attempt) bool { return a.ID == id })
		if found < 0 {
			attempts = append(attempts, Attempt{ID: id, Current: id == row.Attempt})
			found = len(attempts) - 1
		}

		return &attempts[found]
	}

	for _, object := range objects {
		attempt := at(object.Attempt)
		attempt.Objects++

		if object.Generation != 0 {
			attempt.Stored++
		}
	}

	at(row.Attempt)
	slices.SortStableFunc(attempts, func(x, y Attempt) int { return rank(x) - rank(y) })

	return attempts
}

func rank(a Attempt) int {
	if a.Current {
		return 1
	}

	return 0
}
