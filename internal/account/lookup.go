package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// LookupKey hashes keys that may be personal. Without the key nobody can try
// names against the hashes; who has the database and the key can, so the two are
// kept apart.
type LookupKey []byte

// lookupDomain keeps the hashes apart from whatever else the key may be used for,
// and lookupProof is the one thing that is hashed to know the key again.
const (
	lookupDomain = "steward account key v1\x00"
	lookupProof  = "steward account lookup key v1\x00"
)

// minLookupKey is the least entropy of a lookup key, in bytes: that of the hash.
const minLookupKey = 32

// ParseLookupKey reads a lookup key as it stands in its file: 64 hexadecimal digits
// or more. Bytes as they are would lose what looks like white space at either end.
// It fails with ConfigInvalid, and does not repeat the key.
func ParseLookupKey(content []byte) (LookupKey, error) {
	key, err := hex.DecodeString(string(content))
	if err != nil || len(key) < minLookupKey {
		return nil, failure.New(failure.ConfigInvalid,
			"reading the account lookup key (64 hexadecimal digits or more; make one: openssl rand -hex 32)")
	}

	return LookupKey(key), nil
}

func (k LookupKey) sum(foreign string) [sha256.Size]byte { return k.under(lookupDomain, foreign) }

func (k LookupKey) under(domain, text string) [sha256.Size]byte {
	mac := hmac.New(sha256.New, k)
	mac.Write([]byte(domain))
	mac.Write([]byte(text))

	return [sha256.Size]byte(mac.Sum(nil))
}

// proof is what the database keeps of the key, to know it again. It tells nothing of
// the key and is no hash of an account's key.
func (k LookupKey) proof() []byte {
	sum := k.under(lookupProof, "")

	return sum[:]
}

// Check compares the key with the one under which this installation has hashed
// before. It fails with LookupKeyWrong: with another key every account would be made
// a second time, and none found again.
func (k LookupKey) Check(ctx context.Context, q postgres.Queryer) error {
	var used []byte

	err := q.QueryRow(ctx, `select (select proof from account_lookup)`).Scan(&used)

	switch {
	case err != nil:
		return failure.Wrap(failure.Unavailable, "looking for the account lookup key in use", err)
	case used == nil:
		return nil // nothing was hashed yet
	case subtle.ConstantTimeCompare(used, k.proof()) != 1:
		return failure.New(failure.LookupKeyWrong, "comparing account-lookup.key with the one in use")
	}

	return nil
}

// bind makes this the key of the installation, if none is yet. It fails as Check.
// Of two that begin at once with different keys one is refused.
func (k LookupKey) bind(ctx context.Context, q postgres.Queryer) error {
	_, err := q.Exec(ctx, `insert into account_lookup (proof) values ($1) on conflict do nothing`, k.proof())
	if err != nil {
		return failure.Wrap(failure.Unavailable, "noting the account lookup key", err)
	}

	return k.Check(ctx, q)
}
