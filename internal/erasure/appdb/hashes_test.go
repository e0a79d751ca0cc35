package appdb_test

import (
	"context"
	"strings"
	"testing"

	"steward/internal/erasure/appdb"
)

// A text that only looks like a keyed hash, such as an MD5 that was there before, is no proof: verify asks the key. What another
// erasure wrote over a row is proof as well.
func TestWhatLooksLikeAHashIsNoProof(t *testing.T) {
	t.Parallel()

	keys := map[string][]byte{"era_ada": []byte(strings.Repeat("k", 32)), "era_other": []byte(strings.Repeat("o", 32))}
	s := newShop(t, `create table a.tickets (id bigint primary key, firm bigint references a.firms, mail text, login text);
		insert into a.tickets values (1, 1, 'ada@example.com', md5('Ada')), (2, 1, 'ada@example.com', md5('Ada')), (3, 1, 'ada@example.com', null),
			(4, 1, 'eve@example.com', md5('Eve'))`, "",
		`      a.tickets: {category: support, role: controller, path: [firm], rows: keep,
        columns: {erase: [{column: mail, keyed_hash: "{}@example.invalid"}, {column: login, keyed_hash: true}], not_personal: [id, firm]},
        person: {match: [{identity: email, column: mail}], rows: keep}}
`, appdb.Options{
			Pseudonyms: func(_ context.Context, erasure string) ([]byte, error) { return keys[erasure], nil },
			OtherPseudonyms: func(_ context.Context, erasure string) (others [][]byte, err error) {
				for whose, key := range keys {
					if whose != erasure {
						others = append(others, key)
					}
				}

				return others, nil
			},
		})
	s.subject = ada("1")
	s.erase(t)
	s.clean(t)

	verify := func(want string, rows ...int64) {
		t.Helper()

		left, err := s.of.Verify(t.Context(), s.subject, s.frozen)
		if err != nil || told(left) != want {
			t.Errorf("%q, %v, want %q", told(left), err, want)
		}

		for i, one := range left {
			if one.Rows != rows[i] {
				t.Errorf("%s: %d rows, want %d", one.Place, one.Rows, rows[i])
			}
		}
	}

	s.exec(t, `update a.tickets set login = md5('Ada') where id < 3; update a.tickets set mail = md5('Ada') || '@example.invalid' where id = 1`)
	verify("a.tickets.mail: column not overwritten, a.tickets.login: column not overwritten", 1, 2)

	if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
		t.Fatal(err)
	}

	verify("")

	mine := s.subject
	s.subject.Erasure = "era_other"

	if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
		t.Fatal(err)
	}

	s.subject = mine

	verify("")
	delete(keys, "era_other")
	verify("a.tickets.mail: column not overwritten, a.tickets.login: column not overwritten", 3, 2)
}
