package doctor

import (
	"context"

	"steward/internal/datamap"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store/elsewhere"
)

// undeclared asks each database of the data map, and the steward database, for copies that its server knows of and the policy does not
// declare: what is erased there never comes to its end.
func (d *Doctor) undeclared(ctx context.Context, decided *datamap.Map) (checks []Check) {
	for _, database := range decided.Databases {
		checks = append(checks, d.copiesAt(ctx, database.Name, d.anyURL(database.Name))...)
	}

	for _, database := range d.Policy.Promises.Backups.Databases {
		if database.Role == policy.RoleSteward {
			checks = append(checks, d.copiesAt(ctx, database.Name, d.Config.StewardDatabase)...)
		}
	}

	return checks
}

// anyURL is an address of a database that this process was given: any login may ask for copies.
func (d *Doctor) anyURL(database string) string {
	for _, known := range d.Policy.Promises.Backups.Databases {
		if address, err := d.Config.SourceURL(known); known.Name == database && err == nil {
			return address
		}
	}

	address, err := d.Config.EraseURL(database)
	if err != nil {
		return ""
	}

	return address
}

func (d *Doctor) copiesAt(ctx context.Context, database, address string) (checks []Check) {
	name := "copies of " + database

	if address == "" {
		return []Check{skipped(name, notLooked+"no login of this database is set here")}
	}

	db, err := postgres.Open(ctx, address)
	if err != nil {
		return []Check{failed(name, err)}
	}
	defer db.Close()

	seen, err := elsewhere.Look(ctx, database, db, d.Policy)
	if err != nil {
		return []Check{failed(name, err)}
	}

	for _, one := range seen {
		checks = append(checks, warned(name, one.String()+": no erasure gets a final certificate", one.Remedy()))
	}

	if len(checks) == 0 {
		return []Check{fine(name, "its server knows of none that nobody declared")}
	}

	return checks
}
