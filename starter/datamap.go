package main

import (
	"context"

	"github.com/spf13/cobra"

	"steward/internal/config"
	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/policy"
	"steward/internal/postgres"
)

func newDataMap(a *app) *cobra.Command {
	return group("datamap", "Write, check and explain the data map",
		"The data map says whose data the company's databases hold, and what an erasure does with it; docs/datamap.md has\n"+
			"every key. These commands read the databases that APP_DATABASE_URL and its like name, and change nothing.",
		"  steward datamap check\n  steward datamap explain --table app.leads",
		newDataMapScaffold(a), newDataMapCheck(a), newDataMapExplain(a), newDataMapGraph(a), newDataMapResidue(a))
}

// loadMap reads the policy and the data map: the file that was given, else that of the environment.
func (a *app) loadMap(given []string) (mapped, error) {
	settings, rules, err := a.loadFor(given)
	if err != nil {
		return mapped{}, err
	}

	decided, err := datamap.Load(settings.DataMap)

	return mapped{settings, rules, decided}, failure.Wrap(failure.DataMapInvalid, "reading the data map", err)
}

// loadFor reads what goes with a data map: the environment, with the file that was given in the place of its own, and the policy.
func (a *app) loadFor(given []string) (config.Config, *policy.Policy, error) {
	settings, rules, err := a.load()
	if len(given) > 0 {
		settings.DataMap = given[0]
	}

	return settings, rules, err
}

// mapped is what was decided, with the policy and the environment that go with it.
type mapped struct {
	settings config.Config
	rules    *policy.Policy
	decided  *datamap.Map
}

// appDatabase finds an app database of the policy; the only one if none is named.
func appDatabase(rules *policy.Policy, name string) (policy.Database, error) {
	var apps []policy.Database

	for _, database := range rules.Promises.Backups.Databases {
		if database.Role == policy.RoleApp && (name == "" || database.Name == name) {
			apps = append(apps, database)
		}
	}

	if len(apps) != 1 {
		return policy.Database{}, failure.New(failure.UnknownDatabase, "looking for the app database (--database)")
	}

	return apps[0], nil
}

// openApp opens a database of the company.
func (a *app) openApp(ctx context.Context, settings config.Config, database policy.Database) (*postgres.DB, error) {
	url, err := settings.SourceURL(database)
	if err != nil {
		return nil, err
	}

	db, err := postgres.Open(ctx, url)
	if err != nil {
		return nil, err
	}

	a.closers = append(a.closers, closing(db.Close))

	return db, nil
}

// liveSchema reads the schema of a database of the company as it is now.
func (a *app) liveSchema(ctx context.Context, settings config.Config, database policy.Database) (liveschema.Schema, *postgres.DB, error) {
	db, err := a.openApp(ctx, settings, database)
	if err != nil {
		return liveschema.Schema{}, nil, err
	}

	schema, err := liveschema.Read(ctx, db, database.Name)

	return schema, db, failure.Wrap(failure.Unavailable, "reading the schema of "+database.Name, err)
}
