package failure

import (
	"errors"
	"strings"
)

// sqlStater is what a PostgreSQL error tells of itself besides its text.
type sqlStater interface{ SQLState() string }

// notLetIn reports whether a database refused the login or what it asked for:
// SQLSTATE class 28 and 42501 (PostgreSQL's appendix A).
func notLetIn(err error) bool {
	var state sqlStater

	return errors.As(err, &state) && (strings.HasPrefix(state.SQLState(), "28") || state.SQLState() == "42501")
}

// Safe is what may be logged of an error: what was being done at each level
// that has a code, and the SQLSTATE of a database's answer. Texts of drivers and
// of other people's libraries are left out; they may hold data.
func Safe(err error) string {
	var steps []string

	for at := err; at != nil; at = errors.Unwrap(at) {
		var failed *Error
		if !errors.As(at, &failed) {
			break
		}

		steps = append(steps, failed.op)
		at = failed
	}

	var state sqlStater
	if errors.As(err, &state) {
		steps = append(steps, "SQLSTATE "+state.SQLState())
	}

	if len(steps) == 0 {
		return Lookup(CodeOf(err)).Text
	}

	return strings.Join(steps, ": ")
}
