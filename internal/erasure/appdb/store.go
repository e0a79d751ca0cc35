package appdb

import (
	"context"
	"fmt"
	"strings"
	"time"

	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/erasure/brake"
	"steward/internal/erasure/execute"
	"steward/internal/erasure/freeze"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/route"
	"steward/internal/erasure/selection"
	"steward/internal/failure"
	"steward/internal/liveschema"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
)

// Options are how the store works. The zero value is right for a database that people work with.
type Options struct {
	// Rules are the policy that publishes what is retained. With them nothing is done that the map's check finds
	// wrong; without, as in tests of the engine and after a restore, what has no route is refused alone.
	Rules *policy.Policy
	// Limits are what an erasure may ask of the database.
	Limits execute.Limits
	// Brake begins the brake of one erasure; nil for a database that always has time.
	Brake func() Brake
	// Cleaning is told when the last row is gone, and statistics and views are to be made anew; nil for nobody.
	Cleaning func()
	// NoOwner says that the login is a member of no table's owner: nothing is vacuumed or sampled anew at the end. It is for a
	// schema that keeps no samples of what goes, and has no views and large objects.
	NoOwner bool
	// PseudonymKey is the key of keyed hashes, 32 bytes. Without one, a map that needs it is refused.
	PseudonymKey []byte
	// Pseudonyms gives each erasure a key of its own instead; nil where all have PseudonymKey.
	Pseudonyms func(ctx context.Context, erasure string) ([]byte, error)
	// OtherPseudonyms gives the keys of all erasures but one, of which Verify takes a hash too: two that are open at once may
	// have rows in common. Nil where there are none.
	OtherPseudonyms func(ctx context.Context, erasure string) ([][]byte, error)
}

// Brake holds one erasure back while the database has too much to do.
type Brake interface {
	// Check fails with StoreRefuses where the login may not ask how busy the database is.
	Check(ctx context.Context) error
	// Wait comes back when the database has time for more, or when it was waited for long enough.
	Wait(ctx context.Context) error
	// Close ends it.
	Close(ctx context.Context)
}

// Store is one database. It is safe for concurrent use; each step has a connection of its own.
type Store struct {
	db      *postgres.DB
	decided datamap.Database
	options Options
}

var _ store.Store = (*Store)(nil)

// New makes a store of the database on the other side of db, which must be a login that may do what docs/datamap.md
// says. Decided is what the data map says about it.
func New(db *postgres.DB, decided datamap.Database, options Options) *Store {
	return &Store{db: db, decided: decided, options: options}
}

// Name is the database's name in the policy.
func (s *Store) Name() string { return s.decided.Name }

// GoneBy implements store.Store: what is erased here is gone at once. Copies of the database are stores of their own.
func (s *Store) GoneBy(_ context.Context, _ store.Subject, erasedAt time.Time) (time.Time, error) {
	return erasedAt, nil
}

// Fingerprint is the hex hash of what an erasure of such a subject would do here, without any row: it changes with each
// change of the map or of the schema that changes that. It fails as Plan does.
func (s *Store) Fingerprint(ctx context.Context, subject store.Subject) (string, error) {
	found, err := s.find(ctx, subject)
	if err != nil {
		return "", err
	}

	return found.Route.Fingerprint()
}

// find makes the route from the schema as it is now. It fails with MapUnfit, and names what is not decided.
func (s *Store) find(ctx context.Context, subject store.Subject) (selection.Selection, error) {
	schema, err := liveschema.Read(ctx, s.db, s.decided.Name)
	if err != nil {
		return selection.Selection{}, failure.Wrap(failure.Unavailable, "reading the schema of "+s.decided.Name, err)
	}

	kind := route.Kind{Subject: subject.Kind, Scoped: subject.Kind == plan.Person && subject.Account != ""}
	way, problems := route.Build(s.decided, schema, kind)
	problems = append(route.Undecided(s.decided, schema), problems...)

	if len(problems) > 0 {
		return selection.Selection{}, failure.New(failure.MapUnfit, "planning an erasure in "+s.decided.Name+": "+told(problems))
	}

	if err := s.checked(schema); err != nil {
		return selection.Selection{}, err
	}

	if err := complete(subject, way); err != nil {
		return selection.Selection{}, err
	}

	found := selection.Selection{Route: way, Schema: schema, Objects: s.decided.Objects}
	if execute.Needed(found) && s.options.Pseudonyms == nil && len(s.options.PseudonymKey) < keyBytes {
		return selection.Selection{}, failure.New(failure.ConfigInvalid,
			"planning an erasure in "+s.decided.Name+": its map asks for keyed hashes, and there is no key for them")
	}

	return found, nil
}

// checked fails with MapUnfit for all that the map's check finds wrong: triggers, rules and constraints that would do something
// else than planned are no part of the route.
func (s *Store) checked(schema liveschema.Schema) error {
	if s.options.Rules == nil {
		return nil
	}

	texts := []string{}
	for _, finding := range check.Database(s.decided, schema, s.options.Rules) {
		if finding.Severity == check.Wrong {
			texts = append(texts, finding.String())
		}
	}

	if len(texts) == 0 {
		return nil
	}

	return failure.New(failure.MapUnfit, "planning an erasure in "+s.decided.Name+": "+few(texts))
}

// pseudonymKey is the key of an erasure's keyed hashes.
func (s *Store) pseudonymKey(ctx context.Context, erasure string) ([]byte, error) {
	if s.options.Pseudonyms == nil {
		return s.options.PseudonymKey, nil
	}

	return s.options.Pseudonyms(ctx, erasure)
}

// keyBytes is the least length of the key of pseudonyms, that of what HMAC-SHA-256 gives.
const keyBytes = 32

// mostTold is how many problems an error names: the whole list is that of the map's check.
const mostTold = 5

func told(problems []route.Problem) string {
	texts := make([]string, len(problems))
	for i, problem := range problems {
		texts[i] = problem.String()
	}

	return few(texts)
}

func few(texts []string) string {
	if more := len(texts) - mostTold; more > 0 {
		texts = append(texts[:mostTold:mostTold], fmt.Sprintf("and %d more", more))
	}

	return strings.Join(texts, " | ")
}

// complete checks that a subject says whom to erase: one without a key or an identity would find nothing, and look
// erased; an identity that says nothing would find the rows of all who have none.
func complete(subject store.Subject, way route.Route) error {
	named := subject.Kind == plan.Account && strings.TrimSpace(subject.Account) != ""

	if subject.Kind == plan.Person {
		for kind, values := range subject.Identities {
			for _, value := range values {
				if empty(datamap.Identity(kind), value) {
					return failure.New(failure.MapUnfit, "planning an erasure in "+way.Database+": an identity says nothing")
				}

				named = true
			}
		}
	}

	if !named || len(way.All()) == 0 {
		return failure.New(failure.MapUnfit, "planning an erasure in "+way.Database+": nothing says whom to look for, or where")
	}

	return nil
}

// empty says that an identity holds nothing of what it is compared by.
func empty(kind datamap.Identity, value string) bool {
	if kind == datamap.Phone {
		return !strings.ContainsAny(value, "0123456789")
	}

	return strings.TrimSpace(value) == ""
}

// brake is that of one erasure.
func (s *Store) brake() Brake {
	if s.options.Brake == nil {
		return (*brake.Brake)(nil)
	}

	return s.options.Brake()
}

func (s *Store) keys(frozen store.Frozen) freeze.Keys {
	return freeze.Keys{Frozen: frozen, Store: s.Name()}
}
