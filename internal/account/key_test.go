package account_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// TestKeys says which keys are ids themselves: nothing else may ever be stored, or
// shown, as it is.
func TestKeys(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	resolver := account.NewResolver(db, lookup())
	ghost := ids.New(account.Prefix)

	for text, want := range map[string]string{
		"0": "0", "42": "42", "9223372036854775807": "9223372036854775807",
		"0b6a2f7c-6a1e-4c1e-9d0e-2f3a4b5c6d7e": "0b6a2f7c-6a1e-4c1e-9d0e-2f3a4b5c6d7e",
		"0B6A2F7C-6A1E-4C1E-9D0E-2F3A4B5C6D7E": "0b6a2f7c-6a1e-4c1e-9d0e-2f3a4b5c6d7e",
		ghost:                                  "",
		"042":                                  "acc", "-1": "acc", "9223372036854775808": "acc", "ada@example.com": "acc", "Café 12": "acc", "acc_": "acc",
		"0b6a2f7c6a1e4c1e9d0e2f3a4b5c6d7e": "acc",
	} {
		key, err := account.ParseKey(text)
		must(t, err)

		found, err := resolver.Ensure(t.Context(), []account.Key{key}, now)
		must(t, err)

		if given := ids.Valid(account.Prefix, found[0]); want == "acc" && !given || want != "acc" && found[0] != want {
			t.Errorf("%q became %q, want %q", text, found[0], want)
		}
	}

	for _, text := range []string{"", " ", " 42", "a\nb", "a\x00", "\xff", "\u202e42", strings.Repeat("x", account.MaxKey+1)} {
		if _, err := account.ParseKey(text); !failure.Is(err, failure.AccountKeyRefused) || strings.Contains(err.Error(), "42") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestForeignKeysLeaveNoTrace looks through everything that the database holds.
func TestForeignKeysLeaveNoTrace(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	first, second := account.NewResolver(db, lookup()), account.NewResolver(db, lookup())

	key, err := account.ParseKey("canary.ada@example.com")
	must(t, err)

	found, err := first.Find(t.Context(), []account.Key{key})
	must(t, err)

	if found[0] != "" {
		t.Errorf("found %q before anybody told of it", found[0])
	}

	made, err := first.Ensure(t.Context(), []account.Key{key, key}, now)
	must(t, err)

	again, err := second.Ensure(t.Context(), []account.Key{key}, now)
	must(t, err)

	if made[0] == "" || made[0] != made[1] || made[0] != again[0] {
		t.Errorf("%q, %q, %q", made[0], made[1], again[0])
	}

	// The id that was given is a key too.
	given, err := account.ParseKey(made[0])
	must(t, err)

	same, err := account.NewResolver(db, nil).Find(t.Context(), []account.Key{given})
	must(t, err)

	if same[0] != made[0] {
		t.Errorf("%q by its own id is %q", made[0], same[0])
	}

	var rows string

	must(t, db.QueryRow(t.Context(), `select string_agg(account_keys::text, ' ') || encode(string_agg(key_hmac, ''), 'escape') from account_keys`).Scan(&rows))

	if strings.Contains(rows, "canary") || strings.Contains(rows, "example") || !strings.Contains(rows, made[0]) {
		t.Error(rows)
	}
}

func TestWithoutLookupKey(t *testing.T) {
	t.Parallel()

	key, err := account.ParseKey("ada")
	must(t, err)

	resolver := account.NewResolver(pgtest.OpenSteward(t), nil)
	if _, err := resolver.Ensure(t.Context(), []account.Key{key}, now); !failure.Is(err, failure.AccountKeyRefused) || resolver.Takes(key) {
		t.Error(err)
	}

	if _, err := resolver.Find(t.Context(), []account.Key{{}}); !failure.Is(err, failure.AccountKeyRefused) {
		t.Error(err)
	}
}

// FuzzParseKey looks for a key that is taken for an id and is none.
func FuzzParseKey(f *testing.F) {
	for _, seed := range []string{"42", "-0", "+7", "１２", "acc_aaaaaaaaaaaaaaaaaaaaaaaaaa", "0b6a2f7c-6a1e-4c1e-9d0e-2f3a4b5c6d7e"} {
		f.Add(seed)
	}

	resolver := account.NewResolver(nil, nil)

	f.Fuzz(func(t *testing.T, text string) {
		key, err := account.ParseKey(text)
		if err != nil || !resolver.Takes(key) || ids.Valid(account.Prefix, text) {
			return
		}

		found, err := resolver.Find(t.Context(), []account.Key{key})
		if err != nil || strings.Trim(found[0], "0123456789abcdef-") != "" || !strings.EqualFold(found[0], text) {
			t.Errorf("%q became %q, %v", text, found, err)
		}
	})
}

// TestSameKeySameHash: the hash depends on key and lookup key alone, and on all of
// both.
func TestSameKeySameHash(t *testing.T) {
	t.Parallel()

	one, other := account.NewResolver(pgtest.OpenSteward(t), lookup()), account.NewResolver(pgtest.OpenSteward(t), account.LookupKey(strings.Repeat("other lookup key", 2)))

	rapid.Check(t, func(r *rapid.T) {
		texts := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z]{1,4}@[a-z]{1,3}\.example`), 2, 2, rapid.ID).Draw(r, "keys")

		a, err := account.ParseKey(texts[0])
		must(t, err)

		b, err := account.ParseKey(texts[1])
		must(t, err)

		found, err := one.Ensure(t.Context(), []account.Key{a, b, a}, now)
		must(t, err)

		foreign, err := other.Ensure(t.Context(), []account.Key{a}, now)
		must(t, err)

		if found[0] != found[2] || found[0] == found[1] || found[0] == foreign[0] {
			r.Errorf("%v, %v", found, foreign)
		}
	})
}

// TestARollBackIsNotRemembered: an id that was given in a transaction that did not
// commit was never given.
func TestARollBackIsNotRemembered(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	resolver := account.NewResolver(db, lookup())

	key, err := account.ParseKey("ada@example.com")
	must(t, err)

	var inside string

	err = db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		found, err := resolver.In(tx).Ensure(ctx, []account.Key{key}, now)
		must(t, err)

		inside = found[0]

		return errAllowed
	})
	if !errors.Is(err, errAllowed) || inside == "" {
		t.Fatal(err)
	}

	found, err := resolver.Find(t.Context(), []account.Key{key})
	if err != nil || found[0] != "" {
		t.Errorf("%q, %v", found, err)
	}

	after, err := resolver.Ensure(t.Context(), []account.Key{key}, now)
	if err != nil || after[0] == inside {
		t.Errorf("%q, %v", after, err)
	}
}
