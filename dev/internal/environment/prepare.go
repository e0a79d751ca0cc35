package environment

import (
	"context"
	"fmt"
	"os"
	"strings"

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

// placeFile remembers where the clusters are when they are not under .dev, for the
// next up and for reset. It does not name the place under .dev: that one moves with
// the clone.
func (e *Environment) placeFile() string { return e.dir.Path("place.json") }

// findPlace finds the clusters' data where it was made, even when modes of
// directories above have changed meanwhile, or decides where it is made.
func (e *Environment) findPlace() error {
	who, err := account.ForPostgres()
	if err != nil {
		return fmt.Errorf("choosing the account for Postgres: %w", err)
	}
	e.account = who
	known, err := e.knownPlace()
	if err != nil {
		return err
	}
	if !known {
		if err := e.choosePlace(who); err != nil {
			return err
		}
	}
	// The data outlives an upgrade of PostgreSQL to another major; the programs must fit it.
	for _, part := range []string{partPostgres, partDrill} {
		if e.bin, err = cluster.Match(e.bin, e.place+"/"+part); err != nil {
			return fmt.Errorf("finding PostgreSQL for %s: %w", part, err)
		}
	}
	return nil
}

// knownPlace finds data that was made before.
func (e *Environment) knownPlace() (bool, error) {
	found, err := state.ReadJSON(e.placeFile(), &e.place)
	if err != nil {
		return false, fmt.Errorf("finding the clusters: %w", err)
	}
	// A file of an earlier version may name the place under .dev, by a path that
	// is wrong since the clone was moved.
	if found && !strings.HasSuffix(e.place, "/.dev/pg") {
		return true, nil
	}
	e.place = e.dir.Path("pg")
	_, err = os.Stat(e.dir.Path("pg", partPostgres))
	return err == nil, nil
}

// choosePlace decides where the data is made, and remembers it where that is not
// under .dev.
func (e *Environment) choosePlace(who account.Account) (err error) {
	inside := e.dir.Path("pg")
	if e.place, err = cluster.Place(inside, e.dir.Tag(), who); err != nil {
		return fmt.Errorf("choosing a place for Postgres: %w", err)
	}
	if e.place == inside {
		return nil
	}
	if err := state.WriteJSON(e.placeFile(), e.place); err != nil {
		return fmt.Errorf("choosing a place for Postgres: %w", err)
	}
	e.out.Linef("%-15s its data is in %s, because the account %s cannot enter %s",
		partPostgres, e.place, who.Name, e.dir.Clone())
	return nil
}
