package account_test

import (
	"errors"
	"strings"
	"testing"

	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestParseLookupKey(t *testing.T) {
	t.Parallel()

	for text, good := range map[string]bool{
		strings.Repeat("0a", 32): true, strings.Repeat("0A", 40): true,
		"": false, strings.Repeat("0a", 31): false, strings.Repeat("0a", 32) + "0": false, strings.Repeat("zz", 32): false,
		strings.Repeat("\n", 40): false,
	} {
		key, err := account.ParseLookupKey([]byte(text))
		if good != (err == nil) || good && len(key) != len(text)/2 {
			t.Errorf("%q: %d bytes, %v", text, len(key), err)
		}

		if !good && (!failure.Is(err, failure.ConfigInvalid) || text != "" && strings.Contains(err.Error(), text)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestAnotherLookupKey: what was hashed under one key is never looked for, nor made
// again, under another. The role of the API may do what is needed for that.
func TestAnotherLookupKey(t *testing.T) {
	t.Parallel()

	url := pgtest.Steward(t)
	db, err := postgres.Open(t.Context(), pgtest.Member(t, url, "steward_api"))
	must(t, err)
	t.Cleanup(db.Close)

	other := account.LookupKey(strings.Repeat("other lookup key", 2))
	keys := parse(t, "ada@example.com", "7")

	// Nothing was hashed yet: any key may become the one.
	must(t, other.Check(t.Context(), db))

	found, err := account.NewResolver(db, lookup()).Ensure(t.Context(), keys, now)
	must(t, err)

	if err := other.Check(t.Context(), db); !failure.Is(err, failure.LookupKeyWrong) {
		t.Error(err)
	}

	must(t, lookup().Check(t.Context(), db))

	wrong := account.NewResolver(db, other)
	for name, ask := range map[string]func() ([]string, error){
		"find":   func() ([]string, error) { return wrong.Find(t.Context(), keys) },
		"ensure": func() ([]string, error) { return wrong.Ensure(t.Context(), keys, now) },
	} {
		if got, err := ask(); !failure.Is(err, failure.LookupKeyWrong) {
			t.Errorf("%s: %v, %v; it was %v", name, got, err, found)
		}
	}

	// Integers, and ids that were given, need no key.
	plain, err := wrong.Ensure(t.Context(), parse(t, "7", found[0]), now)
	if err != nil || plain[0] != "7" || plain[1] != found[0] {
		t.Errorf("%v, %v", plain, err)
	}

	if _, err := db.Exec(t.Context(), `delete from account_lookup`); err == nil {
		t.Error("the API may forget which key it was")
	}
}

// TestTwoFirstKeys: of two processes that begin with different keys one is refused.
func TestTwoFirstKeys(t *testing.T) {
	t.Parallel()

	db := pgtest.OpenSteward(t)
	keys := parse(t, "ada@example.com")
	failures := make(chan error)

	for _, key := range []account.LookupKey{lookup(), account.LookupKey(strings.Repeat("other lookup key", 2))} {
		go func() {
			_, err := account.NewResolver(db, key).Ensure(t.Context(), keys, now)
			failures <- err
		}()
	}

	one, two := <-failures, <-failures
	if (one == nil) == (two == nil) || !failure.Is(errors.Join(one, two), failure.LookupKeyWrong) {
		t.Errorf("%v, %v", one, two)
	}
}

func parse(t *testing.T, texts ...string) []account.Key {
	t.Helper()

	keys := make([]account.Key, len(texts))

	for i, text := range texts {
		var err error

		keys[i], err = account.ParseKey(text)
		must(t, err)
	}

	return keys
}
