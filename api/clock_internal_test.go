package main

import (
	"context"
	"net/http"
	"strconv"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/apikey"
	"steward/internal/clocks"
	"steward/internal/credential/credentialtest"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// TestTheClockJumps sets the dev clock a day ahead and back under a running API.
func TestTheClockJumps(t *testing.T) {
	t.Parallel()

	const day = 24 * time.Hour

	at := pgtest.Steward(t)

	owner := asOwner(t, at)
	now := clocks.System().Now()
	maker := credentialtest.New(t, owner, now)
	_, token := maker.Key(t, access.Scopes()...)
	short := newAcknowledged(shortKey(t, owner, maker, now))
	clock, seen := t.TempDir()+"/clock", newAcknowledged(token)
	api := startChild(t, pgtest.Member(t, at, "steward_api"), "STEWARD_DEV_CLOCK="+clock)

	for _, step := range []struct {
		name    string
		offset  time.Duration
		ahead   time.Duration // of the sign, from now
		want    int
		newest  time.Duration // the newest sign then, from now
		expired int           // what the key of half a day is answered
	}{
		{"now", 0, -time.Minute, http.StatusOK, -time.Minute, http.StatusOK},
		{"the future", 0, 2 * time.Hour, http.StatusUnprocessableEntity, -time.Minute, http.StatusOK},
		{"a day ahead", day, 2 * time.Hour, http.StatusOK, 2 * time.Hour, http.StatusUnauthorized},
		{"late", day, time.Hour, http.StatusOK, 2 * time.Hour, http.StatusUnauthorized},
		{"back, and older", 0, -time.Second, http.StatusOK, 2 * time.Hour, http.StatusOK},
		{"back, and in the future", 0, 3 * time.Hour, http.StatusUnprocessableEntity, 2 * time.Hour, http.StatusOK},
	} {
		if err := clocks.Write(clock, step.offset); err != nil {
			t.Fatal(err)
		}

		sign := `{"interactions":[{"account":"7","at":"` + now.Add(step.ahead).UTC().Format(time.RFC3339) + `"}]}`
		if answer, err := seen.ask(t.Context(), http.DefaultClient, "http://"+api.address+"/v1/interactions", "", sign); err != nil || answer.status != step.want {
			t.Errorf("%s: %+v, %v", step.name, answer, err)
		}

		if found, err := account.Get(t.Context(), owner, "7"); err != nil || !found.LastInteractionAt.Equal(now.Add(step.newest).Truncate(time.Second)) {
			t.Errorf("%s: the newest is %s, %v", step.name, found.LastInteractionAt, err)
		}

		if answer, err := short.ask(t.Context(), http.DefaultClient, "http://"+api.address+"/v1/promises", "", ""); err != nil || answer.status != step.expired {
			t.Errorf("%s: the short key is answered %+v, %v", step.name, answer, err)
		}

		id := strconv.Itoa(100 + int(step.offset/day))
		if answer, err := seen.register(t.Context(), http.DefaultClient, api.address, id); err != nil || answer.status != http.StatusCreated {
			t.Errorf("%s: %+v, %v", step.name, answer, err)
		}
	}

	seen.again(t, api.address)
}

// shortKey makes a key that holds for half a day, and gives it as it is shown.
func shortKey(t *testing.T, owner *postgres.DB, maker *credentialtest.Maker, at time.Time) (shown string) {
	t.Helper()

	who, _ := maker.Operator()
	lasts := 12 * time.Hour

	err := owner.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		_, token, err := apikey.Make(ctx, tx, who, apikey.New{Label: "short", Scopes: access.Scopes(), Lasts: &lasts}, at)
		shown = token.Reveal()

		return err
	})
	if err != nil {
		t.Fatal(err)
	}

	return shown
}
