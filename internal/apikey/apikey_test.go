package apikey_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/act"
	"steward/internal/apikey"
	"steward/internal/credential"
	"steward/internal/credential/credentialtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
	"steward/internal/page"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func must(t *testing.T, err error) {
	t.Helper()

	if err != nil {
		t.Fatal(err)
	}
}

// world is the database as the API sees it, and an operator.
type world struct {
	api      *postgres.DB
	operator access.Principal
}

func open(t *testing.T) *world {
	t.Helper()

	at := pgtest.Steward(t)
	opened := func(url string) *postgres.DB {
		db, err := postgres.Open(t.Context(), url)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	operator, _ := credentialtest.New(t, opened(at), now()).Operator()

	return &world{api: opened(pgtest.Member(t, at, "steward_api")), operator: operator}
}

func (w *world) make(ctx context.Context, asked apikey.New) (key apikey.Key, token credential.Token, err error) {
	err = w.api.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		key, token, err = apikey.Make(ctx, tx, w.operator, asked, now())

		return err
	})

	return key, token, err
}

func (w *world) replace(ctx context.Context, id string, overlap *time.Duration, at time.Time) (key apikey.Key, err error) {
	err = w.api.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		key, _, err = apikey.Replace(ctx, tx, w.operator, id, overlap, at)

		return err
	})

	return key, err
}

func (w *world) end(ctx context.Context, id string) (key apikey.Key, err error) {
	err = w.api.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
		key, err = apikey.End(ctx, tx, w.operator, id, now())

		return err
	})

	return key, err
}

func (w *world) find(t *testing.T, id string) apikey.Key {
	t.Helper()

	all, err := apikey.List(t.Context(), w.api, "", 100)
	must(t, err)

	at := slices.IndexFunc(all, func(key apikey.Key) bool { return key.ID == id })
	if at < 0 {
		t.Fatalf("%s is not there", id)
	}

	return all[at]
}

func (w *world) acts(t *testing.T) int {
	t.Helper()

	all, err := act.List(t.Context(), w.api, page.Place{}, 100)
	must(t, err)

	return len(all)
}

func production() apikey.New {
	return apikey.New{Label: "production", Scopes: []access.Scope{access.PromisesRead, access.AccountsRead, access.PromisesRead}}
}

// The life of a key: made, rotated with an overlap, revoked, each step with its act.
func TestAKey(t *testing.T) {
	t.Parallel()

	w := open(t)

	key, token, err := w.make(t.Context(), production())
	must(t, err)

	if key.ID != token.ID || !slices.Equal(key.Scopes, []access.Scope{access.AccountsRead, access.PromisesRead}) ||
		!key.ExpiresAt.Equal(now().Add(365*24*time.Hour)) || !key.Holds(now()) || key.Holds(key.ExpiresAt) {
		t.Errorf("%+v", key)
	}

	second, err := w.replace(t.Context(), key.ID, nil, now())
	must(t, err)

	first := w.find(t, key.ID)
	if second.App != key.App || second.ID == key.ID || second.Label != key.Label || !slices.Equal(second.Scopes, key.Scopes) ||
		!first.ExpiresAt.Equal(now().Add(24*time.Hour)) {
		t.Errorf("%+v, then %+v", first, second)
	}

	for range 2 {
		ended, err := w.end(t.Context(), second.ID)
		if err != nil || ended.Holds(now()) || !ended.RevokedAt.Equal(now()) {
			t.Errorf("%+v, %v", ended, err)
		}
	}

	// A key that ends sooner than the overlap does not live longer for it.
	third, err := w.replace(t.Context(), key.ID, nil, now().Add(23*time.Hour))
	if err != nil || !w.find(t, key.ID).ExpiresAt.Equal(now().Add(24*time.Hour)) {
		t.Errorf("%+v, %v", third, err)
	}

	none := time.Duration(0)

	_, err = w.replace(t.Context(), third.ID, &none, now().Add(23*time.Hour))
	if err != nil || w.find(t, third.ID).Holds(now().Add(23*time.Hour)) {
		t.Error(err)
	}

	if got := w.acts(t); got != 5 {
		t.Errorf("%d acts", got)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()

	w := open(t)
	long := 731 * 24 * time.Hour

	for name, asked := range map[string]apikey.New{
		"no label": {Label: "Our App", Scopes: access.Scopes()}, "no scope": {Label: "app"},
		"another scope": {Label: "app", Scopes: []access.Scope{"accounts:delete"}}, "too long": {Label: "app", Scopes: access.Scopes(), Lasts: &long},
	} {
		if key, token, err := w.make(t.Context(), asked); !failure.Is(err, failure.CredentialRefused) || key.ID != "" || token.Reveal() != "" {
			t.Errorf("%s: %v, %v", name, key, err)
		}
	}

	key, _, err := w.make(t.Context(), production())
	must(t, err)

	if _, err := w.replace(t.Context(), key.ID, &long, now()); !failure.Is(err, failure.CredentialRefused) {
		t.Error(err)
	}

	_, err = w.end(t.Context(), key.ID)
	must(t, err)

	if _, err := w.replace(t.Context(), key.ID, nil, now()); !failure.Is(err, failure.CredentialOver) {
		t.Error(err)
	}

	if _, err := w.replace(t.Context(), ids.New("key"), nil, now()); !failure.Is(err, failure.UnknownKey) {
		t.Error(err)
	}

	if _, err := w.end(t.Context(), ids.New("key")); !failure.Is(err, failure.UnknownKey) {
		t.Error(err)
	}
}

// Whatever call fails, there is a whole step or none.
func TestStepsAreWhole(t *testing.T) {
	t.Parallel()

	w := open(t)
	key, _, err := w.make(t.Context(), production())
	must(t, err)

	for name, step := range map[string]func(ctx context.Context) error{
		"make":    func(ctx context.Context) error { _, _, err := w.make(ctx, production()); return err },
		"replace": func(ctx context.Context) error { _, err := w.replace(ctx, key.ID, nil, now()); return err },
		"list":    func(ctx context.Context) error { _, err := apikey.List(ctx, w.api, "", 1); return err },
	} {
		before := w.acts(t)

		for n, reached := 1, true; reached; n++ {
			counter := &faults.Counter{N: n, Mode: faults.Before}
			err := step(faults.With(t.Context(), counter))

			if reached = counter.Reached(); reached != (err != nil) {
				t.Errorf("%s, call %d: %v", name, n, err)
			}
		}

		if after := w.acts(t); after != before+1 && name != "list" {
			t.Errorf("%s: %d acts, then %d", name, before, after)
		}
	}
}
