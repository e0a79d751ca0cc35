package account

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// maxRemembered bounds the ids that one process remembers: some 20 MB. What is
// forgotten costs one look into the database.
const maxRemembered = 100_000

// Resolver finds the ids of accounts by the app's keys. An id never changes, so
// what was found once is remembered; only a restore of the database takes one back,
// which the database tells who writes it (Use, Forget). It is safe for concurrent use.
type Resolver struct {
	db  postgres.Queryer
	key LookupKey

	mu    sync.Mutex
	known map[string]string // ids by name; owned by mu
	// same says that key is the one of the installation; owned by mu.
	same bool
}

// NewResolver makes one. It takes no transaction: an id that a roll-back took away
// must not be remembered. Without a lookup key, keys that may be personal are
// refused with AccountKeyRefused; with another one than this installation has used so
// far, with LookupKeyWrong.
func NewResolver(db *postgres.DB, key LookupKey) *Resolver {
	return &Resolver{db: db, key: key, known: map[string]string{}}
}

// In gives a resolver for one transaction, with a memory that ends with it.
func (r *Resolver) In(tx postgres.Tx) *Resolver {
	r.mu.Lock()
	defer r.mu.Unlock()

	return &Resolver{db: tx, key: r.key, known: map[string]string{}, same: r.same}
}

// Takes reports whether the key can be looked for: one that may be personal needs
// a lookup key.
func (r *Resolver) Takes(key Key) bool { return key.foreign == "" || len(r.key) > 0 }

// Find gives the id of each key, empty where nobody has told of the account. It
// writes nothing. Integers and UUIDs are ids whether or not there is a row.
func (r *Resolver) Find(ctx context.Context, keys []Key) ([]string, error) {
	names, err := r.names(keys)
	if err != nil {
		return nil, err
	}

	known, err := r.find(ctx, names)

	return ofNames(keys, names, known), err
}

// Ensure gives the id of each key, and makes one where there is none. Callers at
// once get the same id. An id that Steward never gave is left empty. A crash right
// after it leaves ids that no account has; the next call finds them.
func (r *Resolver) Ensure(ctx context.Context, keys []Key, at time.Time) ([]string, error) {
	names, err := r.names(keys)
	if err != nil {
		return nil, err
	}

	known, err := r.find(ctx, names)
	if err != nil {
		return nil, err
	}

	fresh := slices.DeleteFunc(missing(names, known), isGiven)
	if len(fresh) > 0 {
		if err := r.give(ctx, fresh, at); err != nil {
			return nil, err
		}

		if known, err = r.find(ctx, names); err != nil {
			return nil, err
		}
	}

	return ofNames(keys, names, known), nil
}

// Use hands the ids of the keys, as Ensure gives them, to work. Where the database
// knows nothing of one of them, it was restored since: then everything is forgotten,
// and work is called once more.
func (r *Resolver) Use(ctx context.Context, keys []Key, at time.Time, work func(found []string) error) error {
	found, err := r.Ensure(ctx, keys, at)
	if err != nil {
		return err
	}

	if err = work(found); !neverGiven(err) {
		return err
	}

	r.mu.Lock()
	clear(r.known)
	r.same = false
	r.mu.Unlock()

	if found, err = r.Ensure(ctx, keys, at); err != nil {
		return err
	}

	return work(found)
}

// neverGiven reports whether the database refused an id that it never gave.
func neverGiven(err error) bool {
	refused, is := errors.AsType[*pgconn.PgError](err)

	return is && refused.Code == foreignKeyViolation
}

// foreignKeyViolation is the SQLSTATE of migration 0014 for such an id.
const foreignKeyViolation = "23503"

// Forget forgets the id of one key: the next look is one into the database.
func (r *Resolver) Forget(key Key) {
	names, err := r.names([]Key{key})
	if err != nil {
		return // nothing is remembered of what is not taken
	}

	r.mu.Lock()
	defer r.mu.Unlock()

	delete(r.known, names[0])
}

// names says under which name each key is looked for: empty where the key is the
// id, the id where Steward gave it, else the keyed hash.
func (r *Resolver) names(keys []Key) ([]string, error) {
	names := make([]string, len(keys))

	for i, key := range keys {
		switch {
		case key.foreign != "" && len(r.key) > 0:
			sum := r.key.sum(key.foreign)
			names[i] = string(sum[:])
		case key.id == "":
			return nil, failure.New(failure.AccountKeyRefused, "looking for an account")
		case isGiven(key.id):
			names[i] = key.id
		}
	}

	return names, nil
}

// isGiven tells an id that Steward gave from a hash.
func isGiven(name string) bool {
	return len(name) != sha256.Size && strings.HasPrefix(name, Prefix+"_")
}

// ofNames puts the ids together in the order of the keys.
func ofNames(keys []Key, names []string, known map[string]string) []string {
	found := make([]string, len(keys))

	for i, name := range names {
		if name == "" {
			found[i] = keys[i].id
		} else {
			found[i] = known[name]
		}
	}

	return found
}

// missing are the names that have no id yet, each once, in their order.
func missing(names []string, known map[string]string) []string {
	var without []string

	for _, name := range names {
		if name != "" && known[name] == "" {
			without = append(without, name)
		}
	}

	slices.Sort(without)

	return slices.Compact(without)
}

// find gives the ids that are known by name, from memory or from the database.
func (r *Resolver) find(ctx context.Context, names []string) (map[string]string, error) {
	if err := r.check(ctx, names); err != nil {
		return nil, err
	}

	known := r.recall(names)

	unknown := missing(names, known)
	if len(unknown) == 0 {
		return known, nil
	}

	var (
		sums  [][]byte
		given []string
	)

	for _, name := range unknown {
		if isGiven(name) {
			given = append(given, name)
		} else {
			sums = append(sums, []byte(name))
		}
	}

	rows, err := r.db.Query(ctx, `select key_hmac, account from account_keys where key_hmac = any($1) or account = any($2)`, sums, given)
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for accounts", err)
	}

	_, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (struct{}, error) {
		var (
			sum []byte
			id  string
		)

		err := row.Scan(&sum, &id)
		known[string(sum)], known[id] = id, id

		return struct{}{}, err
	})
	if err != nil {
		return nil, failure.Wrap(failure.Unavailable, "looking for accounts", err)
	}

	r.remember(unknown, known)

	return known, nil
}

// check compares the lookup key before the first hash is looked for.
func (r *Resolver) check(ctx context.Context, names []string) error {
	hashed := slices.ContainsFunc(names, func(name string) bool { return name != "" && !isGiven(name) })

	r.mu.Lock()
	done := r.same
	r.mu.Unlock()

	if done || !hashed {
		return nil
	}

	if err := r.key.Check(ctx, r.db); err != nil {
		return err
	}

	r.mu.Lock()
	r.same = true
	r.mu.Unlock()

	return nil
}

// give makes new ids, in the order of the hashes, so that two callers never wait
// for each other in a circle.
func (r *Resolver) give(ctx context.Context, names []string, at time.Time) error {
	sums, fresh := make([][]byte, len(names)), make([]string, len(names))
	for i, name := range names {
		sums[i], fresh[i] = []byte(name), ids.New(Prefix)
	}

	if err := r.key.bind(ctx, r.db); err != nil {
		return err
	}

	_, err := r.db.Exec(ctx, `insert into account_keys (key_hmac, account, since)
		select sum, id, $3 from unnest($1::bytea[], $2::text[]) as fresh(sum, id) order by sum
		on conflict (key_hmac) do nothing`, sums, fresh, at)

	return failure.Wrap(failure.Unavailable, "giving ids to accounts", err)
}

func (r *Resolver) recall(names []string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()

	known := map[string]string{}

	for _, name := range names {
		if id := r.known[name]; id != "" {
			known[name] = id
		}
	}

	return known
}

func (r *Resolver) remember(names []string, known map[string]string) {
	r.mu.Lock()
	defer r.mu.Unlock()

	if len(r.known)+len(names) > maxRemembered {
		clear(r.known)
	}

	for _, name := range names {
		if id := known[name]; id != "" {
			r.known[name] = id
		}
	}
}
