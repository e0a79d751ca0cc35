package activities

import (
	"context"

	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store/elsewhere"
)

// asked is what the databases said. One that does not answer takes nothing from what the others said.
type asked struct {
	// schemas are those that were read.
	schemas []liveschema.Schema
	// copied are the undeclared copies of each database that was asked for them; silent are those that did not say.
	copied map[string][]elsewhere.Seen
	silent []string
	// failed says what was not read or asked, and why.
	failed []error
}

func (a *asked) tables() (count int) {
	for _, schema := range a.schemas {
		count += len(schema.Tables)
	}

	return count
}

// copies takes what a database said of its copies.
func (a *asked) copies(database string, seen []elsewhere.Seen, err error) {
	if err != nil {
		a.failed, a.silent = append(a.failed, err), append(a.silent, database)

		return
	}

	a.copied[database] = seen
}

// ask asks each database of the data map for its schema and its copies, and the steward database for its copies. Of a map that
// could not be read, which is nil, nobody knows the databases: each that this process was given is asked.
func (d *DataMaps) ask(ctx context.Context, decided *datamap.Map) asked {
	found := asked{copied: map[string][]elsewhere.Seen{}}

	for _, database := range d.Policy.Promises.Backups.Databases {
		source, given := d.Sources[database.Name]

		switch {
		case database.Role == policy.RoleSteward:
			seen, err := elsewhere.Look(ctx, database.Name, d.Steward, d.Policy)
			found.copies(database.Name, seen, err)
		case given && (decided == nil || decided.Database(database.Name) != nil):
			d.read(ctx, source, database.Name, &found)
		}
	}

	return found
}

// read reads the schema of one database, and the copies of it, on a connection of its own. Each is asked for whatever the other
// comes to.
func (d *DataMaps) read(ctx context.Context, source, name string, found *asked) {
	db, err := postgres.Open(ctx, source)
	if err != nil {
		found.copies(name, nil, failure.Wrap(failure.Unavailable, "opening "+name, err))

		return
	}
	defer db.Close()

	schema, err := liveschema.Read(ctx, db, name)
	if err == nil {
		found.schemas = append(found.schemas, schema)
	} else {
		found.failed = append(found.failed, failure.Wrap(failure.Unavailable, "reading the schema of "+name, err))
	}

	seen, err := elsewhere.Look(ctx, name, db, d.Policy)
	found.copies(name, seen, err)
}
