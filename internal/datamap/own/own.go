// Package own is the data map of Steward's own database: what it keeps of whom, and why each table
// may stay as it is when an account or a person is erased. A test compares it with the
// migrated schema, table by table and column by column, so that no migration is forgotten.
package own

import (
	_ "embed" // the map

	"steward/internal/datamap"
	"steward/internal/failure"
)

//go:embed own.yaml
var text []byte

// Name is the name of the steward database in its own map, and in the policy of whoever has named it so.
const Name = "steward"

// Database is what was decided about Steward's own tables. It fails with Internal where the embedded map is none, which a test
// rules out.
func Database() (datamap.Database, error) {
	read, err := datamap.Parse("own.yaml", text)
	if err != nil {
		return datamap.Database{}, failure.Wrap(failure.Internal, "reading Steward's own data map", err)
	}

	return *read.Database(Name), nil
}
