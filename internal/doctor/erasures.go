package doctor

import (
	"context"
	"fmt"
	"time"

	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/standing"
	"steward/internal/failure"
	"steward/internal/keys"
	"steward/internal/postgres"
	"steward/internal/replay"
)

// erasures looks how the open cases stand, and at what erasing needs here: the key of
// replay records, and a login for each database of the data map. The bucket of the records
// is looked at with the other buckets.
func (d *Doctor) erasures(ctx context.Context) []Check {
	if d.Policy.Promises.Erasure == nil {
		return []Check{skipped(casesCheck, "the policy promises no erasure")}
	}

	checks := append(d.cases(ctx), d.replayBucket(ctx))

	return append(append(checks, d.replayKey()...), d.erasers(ctx)...)
}

// casesCheck is the name of the check of how the open cases stand.
const casesCheck = "cases"

// cases asks how the open cases stand, and says the worst of it; and beside that whether each can say its day, since while one case
// is blocked another may wait for ever.
func (d *Doctor) cases(ctx context.Context) []Check {
	var beside []Check

	worst := d.ask(ctx, casesCheck, func(ctx context.Context, db *postgres.DB) Check {
		now := d.Clock.Now()

		seen, err := standing.At(ctx, db, now)
		if err != nil {
			return answered(casesCheck, err)
		}

		beside = append(beside, daysOfCases(seen, now))

		return worstOfCases(seen, now)
	})

	return append([]Check{worst}, beside...)
}

// worstOfCases says the worst that is true of one of them.
func worstOfCases(seen standing.Standing, now time.Time) Check {
	switch {
	case longer(now, seen.GoneSince, standing.Late):
		return wrong(casesCheck, failure.PromiseBroken,
			"a subject was to be gone "+since(now, seen.GoneSince)+" ago, and its erasure has not ended", "See docs/runbooks.md#erasures-overdue")
	case longer(now, seen.StillSince, standing.Stuck):
		return wrong(casesCheck, failure.PromiseBroken, "an erasure has not gone on for "+since(now, seen.StillSince),
			"See docs/runbooks.md#erasures-still")
	case seen.Open[erasure.Blocked] > 0:
		return warned(casesCheck, fmt.Sprintf("%d are blocked and wait for a person", seen.Open[erasure.Blocked]),
			"See which: steward erase list --stage blocked")
	default:
		return fine(casesCheck, "none is blocked, and none stands still or is overdue")
	}
}

// daysOfCases says whether somebody waits to learn by when they are gone.
func daysOfCases(seen standing.Standing, now time.Time) Check {
	const name = "days of cases"

	if longer(now, seen.UnsaidSince(), standing.Unsaid) {
		return warned(name, "nobody can say since "+since(now, seen.UnsaidSince())+" by when an erased subject is gone",
			"See docs/runbooks.md#erasures-without-day")
	}

	return fine(name, "none waits for more than a day to say by when its subject is gone"+unconnected(seen))
}

// unconnected says how many wait for what nobody can mend here: the policy names the place, and nothing connects with it.
func unconnected(seen standing.Standing) string {
	waits := seen.Dayless[failure.NoConnector].Cases
	if waits == 0 {
		return ""
	}

	return fmt.Sprintf("; %d wait for places that nothing connects with (%s)", waits, failure.NoConnector)
}

// replayKey looks whether the key of replay records can be read, where this process has it.
func (d *Doctor) replayKey() []Check {
	if d.Config.KeysDir == "" || !held(d.Config.KeysDir, keys.ReplayIdentity) {
		return nil // the area of keys says what is missing; most roles hold no such key
	}

	if _, err := replay.ReadKey(d.Config.KeysDir); err != nil {
		return []Check{failed(keys.ReplayIdentity, err)}
	}

	return []Check{fine(keys.ReplayIdentity, "seals and opens replay records")}
}

// erasers looks at each database of the data map with the login that erases there.
func (d *Doctor) erasers(ctx context.Context) []Check {
	const name = "data map"

	decided, err := datamap.Load(d.Config.DataMap)
	if err != nil {
		return []Check{failed(name, failure.Wrap(failure.ConfigInvalid, "reading the data map", err))}
	}

	checks := []Check{fine(name, fmt.Sprintf("decides about %d databases", len(decided.Databases)))}
	for _, database := range decided.Databases {
		checks = append(checks, d.eraser(ctx, database))
	}

	return append(append(checks, d.unlooked(ctx, decided)), d.undeclared(ctx, decided)...)
}

func (d *Doctor) eraser(ctx context.Context, database datamap.Database) Check {
	name := "eraser of " + database.Name

	address, err := d.Config.EraseURL(database.Name)
	if err != nil {
		return skipped(name, notLooked+"the login of the role erase is not set here")
	}

	db, err := postgres.Open(ctx, address)
	if err != nil {
		return failed(name, err)
	}
	defer db.Close()

	// The key of pseudonyms is made for each erasure; that there is one is enough here.
	ready := appdb.New(db, database, appdb.Options{
		Rules: d.Policy, Pseudonyms: func(context.Context, string) ([]byte, error) {
			return nil, failure.New(failure.Internal, "asking for a key of pseudonyms without an erasure")
		},
	})

	if err := ready.Ready(ctx); err != nil {
		return failed(name, err)
	}

	return fine(name, "the data map decides all that is there, and the login may do what it must")
}
