package erasure

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"

	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/datamap"
	"steward/internal/failure"
	"steward/internal/postgres"
	"steward/internal/store"
)

// Identities are a person's typed values, by type.
type Identities map[datamap.Identity][]string

// The limits of what is asked for at once: a person has a handful of addresses, and an
// identity that is longer than any address is none.
const (
	maxIdentities = 50
	maxIdentity   = 320
)

// identityTypes are the types that there are.
func identityTypes() []datamap.Identity {
	return []datamap.Identity{datamap.Email, datamap.Phone, datamap.Visitor, datamap.User}
}

// Plain are the same as stores take them; nil for none.
func (i Identities) Plain() map[string][]string {
	var plain map[string][]string

	for kind, values := range i {
		if plain == nil {
			plain = map[string][]string{}
		}

		plain[string(kind)] = values
	}

	return plain
}

// Check gives the identities as they are compared: mail addresses in lower case, phone
// numbers as digits, without white space around, each once. It fails with SubjectRefused
// where one is of an unknown type, empty, too long or with a control character (stores read what is
// no letter as one, liveschema.JSONB), and where there are none or too many; it repeats none of them.
func (i Identities) Check() (Identities, error) {
	checked, count := Identities{}, 0

	for _, kind := range slices.Sorted(maps.Keys(i)) {
		if !slices.Contains(identityTypes(), kind) {
			return nil, failure.New(failure.SubjectRefused, "reading an identity of an unknown type")
		}

		for _, value := range i[kind] {
			value = kind.Comparable(strings.TrimSpace(value))
			if value == "" || len(value) > maxIdentity || strings.ContainsFunc(value, unicode.IsControl) {
				return nil, failure.New(failure.SubjectRefused, "reading an identity of the type "+string(kind))
			}

			if !slices.Contains(checked[kind], value) {
				checked[kind] = append(checked[kind], value)
				count++
			}
		}

		slices.Sort(checked[kind])
	}

	if count == 0 || count > maxIdentities {
		return nil, failure.New(failure.SubjectRefused, "reading the identities of a person (1 to 50)")
	}

	return checked, nil
}

// matchDomain keeps these hashes apart from whatever else the lookup key hashes.
const matchDomain = "steward erasure identity v1\x00"

// Matches are keyed hashes of checked identities, by which a hold and an erasure find
// each other though neither is opened. Without the key nobody can try addresses against them.
func (i Identities) Matches(key account.LookupKey) [][]byte {
	var all [][]byte

	for _, kind := range slices.Sorted(maps.Keys(i)) {
		for _, value := range i[kind] {
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(matchDomain + string(kind) + "\x00" + value))
			all = append(all, mac.Sum(nil))
		}
	}

	return all
}

// sealedSubject is what is sealed of a subject.
type sealedSubject struct {
	// Account is the account's key as the app writes it.
	Account    string     `json:"account,omitempty"`
	Identities Identities `json:"identities,omitempty"`
}

// subjectColumn is what the seal is bound to.
const subjectColumn = "erasure_subjects.sealed"

func putSubject(ctx context.Context, q postgres.Queryer, key *casekey.Key, id string, of sealedSubject, matches [][]byte) error {
	plain, err := json.Marshal(of)
	if err != nil {
		return failure.Wrap(failure.Internal, "writing a subject", err)
	}

	sealed, err := key.Seal(subjectColumn, plain)
	if err != nil {
		return err
	}

	if matches == nil {
		matches = [][]byte{}
	}

	_, err = q.Exec(ctx, `insert into erasure_subjects (erasure, sealed, matches) values ($1, $2, $3)`, id, sealed, matches)

	return failure.Wrap(failure.Unavailable, "storing whom an erasure is about", err)
}

// Subject opens whom an erasure is about. It fails with EvidenceMissing where that is
// gone, and as casekey.Keeper.Open does.
func Subject(ctx context.Context, q postgres.Queryer, keeper casekey.Keeper, of Case) (store.Subject, error) {
	key, err := keeper.Open(ctx, q, of.ID)
	if err != nil {
		return store.Subject{}, err
	}

	var sealed []byte

	err = q.QueryRow(ctx, `select sealed from erasure_subjects where erasure = $1`, of.ID).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return store.Subject{}, failure.New(failure.EvidenceMissing, "looking for whom an erasure is about")
	}

	if err != nil {
		return store.Subject{}, failure.Wrap(failure.Unavailable, "looking for whom an erasure is about", err)
	}

	plain, err := key.Unseal(subjectColumn, sealed)
	if err != nil {
		return store.Subject{}, err
	}

	var read sealedSubject
	if err := json.Unmarshal(plain, &read); err != nil {
		return store.Subject{}, failure.Wrap(failure.CaseKeyWrong, "reading whom an erasure is about", err)
	}

	subject := store.Subject{Erasure: of.ID, Kind: of.Kind, Account: read.Account}

	subject.Identities = read.Identities.Plain()

	return subject, nil
}
