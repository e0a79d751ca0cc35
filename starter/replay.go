package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/objects"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/replay"
	"steward/internal/store"
)

// restoredVariable is the environment variable with the URL of a restored database: it holds a password.
const restoredVariable = "STEWARD_RESTORED_DATABASE_URL"

func newReplay(a *app) *cobra.Command {
	return group("replay", "Erase again what a restore brought back",
		"A backup from before an erasure brings its subject back. For as long as such a backup is kept there is a record of what was\n"+
			"erased; these commands do it again in the restored database, before anybody works with that. See docs/erasure.md.",
		"  steward replay list\n  steward replay run --database app",
		newReplayList(a), newReplayRun(a))
}

// replayList is what replay list prints.
type replayList struct {
	// Erasures are those that must be done again in restored data, in the order in which they were decided.
	Erasures []replay.Decision `json:"erasures"`
	// Hash is what replay run --execute takes: it is over these erasures and no others.
	Hash string `json:"hash"`
}

func newReplayList(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the erasures that restored data must go through again",
		Long:    "Lists the erasures that were decided for good and whose record is still there. It opens no record.",
		Example: "  steward replay list\n  steward replay list --json",
		Args:    args(cobra.NoArgs),
		RunE: func(command *cobra.Command, _ []string) error {
			settings, _, err := a.load()
			if err != nil {
				return err
			}

			db, err := a.database(command.Context(), settings)
			if err != nil {
				return err
			}

			found, err := decided(command.Context(), db)
			if err != nil {
				return err
			}

			return a.showReplays(found)
		},
	}
}

// decided lists what must be done again, with the hash of that list.
func decided(ctx context.Context, q postgres.Queryer) (replayList, error) {
	found, err := replay.Decided(ctx, q)
	if err != nil {
		return replayList{}, err
	}

	erasures := make([]string, len(found))
	for i, each := range found {
		erasures[i] = each.Erasure
	}

	return replayList{Erasures: append([]replay.Decision{}, found...), Hash: hashOf(erasures)}, nil
}

// hashOf is the hash of what is shown, a line each, to be named where it is done.
func hashOf(lines []string) string {
	sum := sha256.New()
	for _, line := range lines {
		fmt.Fprintln(sum, line)
	}

	return hex.EncodeToString(sum.Sum(nil))
}

func (a *app) showReplays(found replayList) error {
	if a.console.JSON {
		return a.console.Document(found)
	}

	if len(found.Erasures) == 0 {
		return a.console.Say("nothing was erased that a kept backup could bring back")
	}

	for _, each := range found.Erasures {
		if err := a.console.Say("%s decided %s", each.Erasure, a.console.When(each.At)); err != nil {
			return err
		}
	}

	return a.console.Say("%d erasures, hash %s", len(found.Erasures), found.Hash)
}

// restored is a restored database with what erases in it.
type restored struct {
	db      *postgres.DB
	decided datamap.Database
	records replay.Records
	storage *gcs.Client
	clock   clocks.Clock
	own     []string
	// buckets are the restored ones, by those of the app.
	buckets map[string]string
}

// restored opens the database that the environment names, and what else a replay needs.
func (a *app) restored(
	ctx context.Context, settings config.Config, rules *policy.Policy, of datamap.Database, buckets map[string]string,
) (restored, error) {
	url := os.Getenv(restoredVariable)
	if url == "" {
		return restored{}, failure.New(failure.ConfigInvalid, "opening the restored database (set "+restoredVariable+")")
	}

	if rules.Storage.Replay == "" {
		return restored{}, failure.New(failure.PolicyInvalid, "looking for replay records (the policy names no storage.replay)")
	}

	key, err := replay.ReadKey(settings.KeysDir)
	if err != nil {
		return restored{}, err
	}

	steward, err := a.database(ctx, settings)
	if err != nil {
		return restored{}, err
	}

	storage, err := a.storage(ctx, settings)
	if err != nil {
		return restored{}, err
	}

	if err := present(ctx, storage, buckets); err != nil {
		return restored{}, err
	}

	db, err := postgres.Open(ctx, url)

	return restored{
		db: db, decided: of, storage: storage, clock: settings.Clock(), own: rules.OwnBuckets(), buckets: buckets,
		records: replay.Records{Bucket: storage.Bucket(rules.Storage.Replay), Catalogue: replay.Catalogue{DB: steward}, Key: key},
	}, err
}

// again does one erasure again: in the restored buckets first, since rows say what lies there, and then in the database. With an
// error it gives the results of what was done before.
func (r restored) again(ctx context.Context, erasure string) (results []replay.Result, err error) {
	record, err := r.records.Open(ctx, erasure)
	if err != nil {
		return nil, err
	}

	rows := appdb.New(r.db, r.decided, appdb.Options{PseudonymKey: record.PseudonymKey()})
	stores := []store.Store{}

	if len(r.buckets) > 0 {
		stores = objects.Restored(rows, r.decided.Prefixes, r.storage, r.clock, r.buckets, r.own...)
	}

	for _, in := range append(stores, rows) {
		result, err := record.Again(ctx, r.records.Key, in, replay.Columns{DB: r.db, Decided: r.decided}, func(int64) {})
		if err != nil {
			return results, err
		}

		results = append(results, result)
	}

	return results, nil
}
