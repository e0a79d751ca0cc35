// Package everywhere opens all places of a deployment that hold data of subjects: the
// databases of the data map with the login that erases, the objects that their rows name, and what the policy
// says is elsewhere.
package everywhere

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"

	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/datamap"
	"steward/internal/erasure"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/brake"
	"steward/internal/erasure/nightly"
	"steward/internal/erasure/objects"
	"steward/internal/erasure/owntables"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/elsewhere"
)

// Places are all of them. It is an erasure.Decided.
type Places struct {
	// Stores are in the order in which they erase: what rows name goes before the rows.
	Stores []store.Store
	// Apps are told of accounts that close.
	Apps []erasure.App
	// Databases are those of the data map, in its order.
	Databases []*postgres.DB

	sha     string
	rows    []*appdb.Store
	objects []*objects.Store
	texts   []nightly.Place
}

// From are what places are opened from.
type From struct {
	Config  config.Config
	Policy  *policy.Policy
	Storage *gcs.Client
	// Steward is the steward database, with the rights of the role that erases.
	Steward *postgres.DB
	Clock   clocks.Clock
	// DryRun leaves Steward's own tables out (owntables.Name): they know a subject by its case, and a count without one is run by
	// people whose login of the steward database is not that of the role that erases.
	DryRun bool
	// Pseudonyms gives the key of an erasure's keyed hashes, OtherPseudonyms those of all others; nil where nothing is erased,
	// only planned.
	Pseudonyms      func(ctx context.Context, erasure string) ([]byte, error)
	OtherPseudonyms func(ctx context.Context, erasure string) ([][]byte, error)
	// Log is told when an erasure goes on in a database that has no time for it; nil for nobody.
	Log *slog.Logger
	// Address gives the URL of a database of the data map: config.Config.EraseURL.
	Address func(database string) (string, error)
}

// Open opens every place, lazily: nothing is sent yet. It fails with ConfigInvalid for a data map that cannot be
// used, and where a variable is missing. Who opens them closes them.
func Open(ctx context.Context, from From) (*Places, error) {
	decided, err := datamap.Load(from.Config.DataMap)
	if err != nil {
		return nil, failure.Wrap(failure.ConfigInvalid, "reading the data map", err)
	}

	places := &Places{sha: decided.SHA256}

	for _, database := range decided.Databases {
		if err := places.add(ctx, from, database); err != nil {
			places.Close()

			return nil, fmt.Errorf("erasing in %s: %w", database.Name, err)
		}
	}

	for _, each := range places.objects {
		each.Beside(places.rows...)
	}

	for n, database := range decided.Databases {
		places.Stores = append(places.Stores, elsewhere.Undeclared(database.Name, places.Databases[n], from.Policy))
	}

	places.Stores = append(places.Stores, elsewhere.All(from.Policy, from.Steward, from.Clock)...)

	err = places.addOwn(from)
	if err == nil {
		err = distinct(places.Stores)
	}

	if err != nil {
		places.Close()

		return nil, err
	}

	return places, nil
}

// addOwn adds the copies of the steward database, and Steward's own tables, which come last: until then they say whose erasure this is.
func (p *Places) addOwn(from From) error {
	if from.DryRun {
		return nil
	}

	ours, err := owntables.New(from.Steward, from.Policy)
	if err != nil {
		return err
	}

	for _, database := range from.Policy.Promises.Backups.Databases {
		if database.Role == policy.RoleSteward {
			p.Stores = append(p.Stores, elsewhere.Undeclared(database.Name, from.Steward, from.Policy))
		}
	}

	p.Stores = append(p.Stores, ours)

	return nil
}

// distinct fails with ConfigInvalid where two places have one name, such as a database that is called as the backups
// are: the outcome of one would count for both.
func distinct(all []store.Store) error {
	names := map[string]bool{}

	for _, each := range all {
		if names[each.Name()] {
			return failure.New(failure.ConfigInvalid, "opening the places that hold data (two are called "+each.Name()+
				": give the database of the data map another name)")
		}

		names[each.Name()] = true
	}

	return nil
}

func (p *Places) add(ctx context.Context, from From, database datamap.Database) error {
	address, err := from.Address(database.Name)
	if err != nil {
		return err
	}

	db, err := postgres.Open(ctx, address)
	if err != nil {
		return err
	}

	rows := appdb.New(db, database, appdb.Options{
		Rules: from.Policy, Pseudonyms: from.Pseudonyms, OtherPseudonyms: from.OtherPseudonyms,
		Brake: func() appdb.Brake { return Brake(from.Policy, from.Log).For(db) },
	})
	p.Databases, p.rows = append(p.Databases, db), append(p.rows, rows)
	p.texts = append(p.texts, nightly.Place{DB: db, Decided: database})
	own := from.Policy.OwnBuckets()
	named := objects.New(rows, from.Storage, from.Clock, own...)
	p.objects, p.Stores = append(p.objects, named), append(p.Stores, named)

	if len(database.Prefixes) > 0 {
		below := objects.Below(rows, database.Prefixes, from.Storage, from.Clock, own...)
		p.objects, p.Stores = append(p.objects, below.Store), append(p.Stores, below)
	}

	p.Stores = append(p.Stores, rows)
	p.Apps = append(p.Apps, erasure.Statements{DB: db, CloseSQL: database.Account.Close, ReopenSQL: database.Account.Reopen})

	return nil
}

// Texts are the databases whose texts are looked through by night.
func (p *Places) Texts() []nightly.Place { return p.texts }

// Brake is what the policy says of when an erasure is held back.
func Brake(p *policy.Policy, log *slog.Logger) brake.Rules {
	if p.Promises.Erasure == nil || p.Promises.Erasure.Brake == nil {
		return brake.Rules{}
	}

	stated := p.Promises.Erasure.Brake

	return brake.Rules{MaxLag: stated.ReplicationLag.Shortest(), LoadQuery: stated.LoadQuery, Log: log}
}

// Close closes the databases.
func (p *Places) Close() {
	for _, each := range p.Databases {
		each.Close()
	}
}

// Hashes implements erasure.Decided. It fails with MapUnfit where the data map does not fit a database.
func (p *Places) Hashes(ctx context.Context, subject store.Subject) (dataMap, schema string, err error) {
	sum := sha256.New()

	for _, each := range p.rows {
		fingerprint, err := each.Fingerprint(ctx, subject)
		if err != nil {
			return "", "", err
		}

		sum.Write([]byte(each.Name() + " " + fingerprint + "\n"))
	}

	return p.sha, hex.EncodeToString(sum.Sum(nil)), nil
}
