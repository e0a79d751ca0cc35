package environment

import (
	"context"
	"fmt"

	"steward/dev/internal/account"
	"steward/dev/internal/cluster"
	"steward/dev/internal/devkeys"
	"steward/dev/internal/state"
)

// prepare finds out what this machine has, before anything is started.
func (e *Environment) prepare(ctx context.Context, only Only) error {
	builds, err := e.buildNeeds(ctx, only)
	if err != nil {
		return err
	}
	if err := room(builds); err != nil {
		return err
	}
	if err := e.findPostgres(ctx); err != nil {
		return err
	}
	if err := e.choosePorts(ctx); err != nil {
		return err
	}
	if err := e.findPlace(); err != nil {
		return err
	}
	// Asked again, since both may lie on one disk.
	if err := room(append(builds, e.dataNeeds(only)...)); err != nil {
		return err
	}
	keys, err := e.dir.Sub("keys")
	if err != nil {
		return fmt.Errorf("making the keys: %w", err)
	}
	if e.keys, err = devkeys.Ensure(keys); err != nil {
		return fmt.Errorf("making the keys: %w", err)
	}
	return nil
}

// findPostgres finds the programs, or installs them where that is possible.
func (e *Environment) findPostgres(ctx context.Context) error {
	bin, err := cluster.Find(ctx, e.dir.Clone())
	if err != nil {
		bin, err = cluster.Install(ctx, e.dir.Clone(), e.out)
	}
	if err != nil {
		return fmt.Errorf("finding PostgreSQL: %w", err)
	}
	e.bin = bin
	return nil
}

// placeFile remembers where the clusters are when they are not under .dev, for reset.
func (e *Environment) placeFile() string { return e.dir.Path("place.json") }

// findPlace decides where the clusters' data is, once: later starts find it there
// even when modes of directories above have changed meanwhile.
func (e *Environment) findPlace() error {
	who, err := account.ForPostgres()
	if err != nil {
		return fmt.Errorf("choosing the account for Postgres: %w", err)
	}
	e.account = who
	found, err := state.ReadJSON(e.placeFile(), &e.place)
	if err != nil {
		return fmt.Errorf("finding the clusters: %w", err)
	}
	if !found {
		if e.place, err = cluster.Place(e.dir.Path("pg"), e.dir.Tag(), who); err != nil {
			return fmt.Errorf("choosing a place for Postgres: %w", err)
		}
		if err := state.WriteJSON(e.placeFile(), e.place); err != nil {
			return fmt.Errorf("choosing a place for Postgres: %w", err)
		}
	}
	if e.place != e.dir.Path("pg") && !found {
		e.out.Linef("%-15s its data is in %s, because the account %s cannot enter %s",
			partPostgres, e.place, who.Name, e.dir.Clone())
	}
	// The data outlives an upgrade of PostgreSQL to another major; the programs must fit it.
	for _, part := range []string{partPostgres, partDrill} {
		if e.bin, err = cluster.Match(e.bin, e.place+"/"+part); err != nil {
			return fmt.Errorf("finding PostgreSQL for %s: %w", part, err)
		}
	}
	return nil
}
