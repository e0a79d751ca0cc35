package fileremoval

import (
	"errors"
	"fmt"

	"steward/internal/failure"
)

// failures are what went wrong in one prune: the first of each code, and how many
// there were. A bucket that keeps some hundred thousand contents would otherwise make
// an error of as many lines.
type failures struct {
	order []failure.Code
	first map[failure.Code]error
	count map[failure.Code]int
}

// add takes a failure; nil is none.
func (f *failures) add(err error) {
	if err == nil {
		return
	}

	if f.first == nil {
		f.first, f.count = map[failure.Code]error{}, map[failure.Code]int{}
	}

	code := failure.CodeOf(err)
	if f.count[code] == 0 {
		f.order, f.first[code] = append(f.order, code), err
	}

	f.count[code]++
}

// err gives them in the order in which their codes came, so that its own code is that
// of the first; nil if there were none.
func (f *failures) err() error {
	all := make([]error, len(f.order))

	for i, code := range f.order {
		all[i] = f.first[code]
		if more := f.count[code] - 1; more > 0 {
			all[i] = fmt.Errorf("%w (and %d more of %s)", all[i], more, code)
		}
	}

	return errors.Join(all...)
}
