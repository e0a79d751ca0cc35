package doctor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/postgres"
)

// unlooked finds what was found by night in a database that the data map does not name any more: it blocks its cases, and no night and
// no retry looks there.
func (d *Doctor) unlooked(ctx context.Context, decided *datamap.Map) Check {
	const name = "residue"

	named := make([]string, 0, len(decided.Databases))
	for _, database := range decided.Databases {
		named = append(named, database.Name)
	}

	return d.ask(ctx, name, func(ctx context.Context, db *postgres.DB) Check {
		found, err := erasure.Unlooked(ctx, db, named)

		switch {
		case err != nil:
			return answered(name, err)
		case len(found) == 0:
			return fine(name, "nothing was found in a database that nobody looks through")
		}

		where := []string{}
		for _, database := range slices.Sorted(maps.Keys(found)) {
			where = append(where, fmt.Sprintf("%s (%d cases)", database, found[database]))
		}

		return warned(name, "something was found by night in "+strings.Join(where, ", ")+
			", and the data map does not name it any more: nobody looks there, and those cases stay blocked",
			"Name it in the data map again, start the workers with that, then: steward erase retry ERASURE")
	})
}
