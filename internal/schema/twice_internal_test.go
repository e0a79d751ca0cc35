package schema

import (
	"errors"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

func TestARoleThatWasMissedIsTriedOnceMore(t *testing.T) {
	t.Parallel()

	missed := fmt.Errorf("0011: %w", &pgconn.PgError{Code: undefinedObject})
	other := errors.New("the disk is full")

	for name, test := range map[string]struct {
		results []error
		applied int
		err     error
	}{
		"nothing wrong":  {[]error{nil}, 2, nil},
		"missed once":    {[]error{missed, nil}, 4, nil},
		"missed twice":   {[]error{missed, missed}, 4, missed},
		"something else": {[]error{other}, 2, other},
		"else at last":   {[]error{missed, other}, 4, other},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			tries := 0
			applied, err := twice(func() (int, error) {
				tries++

				return 2, test.results[tries-1]
			})

			if applied != test.applied || !errors.Is(err, test.err) || tries != len(test.results) {
				t.Errorf("%d applied after %d tries, %v", applied, tries, err)
			}
		})
	}
}
