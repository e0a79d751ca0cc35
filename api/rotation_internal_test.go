package main

import (
	"net/http"
	"testing"

	"steward/internal/access"
	"steward/internal/credential/credentialtest"
	"steward/internal/ids"
)

// deaf is a house that knows all credentials and hears of no change: the notice of the
// database is still on its way.
func deaf(t *testing.T) (*house, *credentialtest.Maker) {
	t.Helper()

	h, maker := guarded(t)
	maker.Silence(t)

	return h, maker
}

// TestARotationWithoutOverlapCountsAtOnce: in the process that answered, before any
// notice of the database, and also where a repeated request finds it done.
func TestARotationWithoutOverlapCountsAtOnce(t *testing.T) {
	t.Parallel()

	h, maker := deaf(t)
	_, operator := maker.Operator()
	key, keyToken := maker.Key(t, access.PromisesRead)
	lead, leadToken := maker.Staff(t, access.Lead)
	_, handed := maker.Handed(t, access.Support)

	h.listen(t)

	for name, test := range map[string]struct{ asks, path, ends, look string }{
		"a key":               {operator, "/v1/keys/" + key.Credential + "/rotate", keyToken, "/v1/promises"},
		"a member's token":    {operator, "/v1/staff/" + lead.ID + "/tokens", leadToken, "/v1/me"},
		"the own, handed one": {handed, "/v1/me/tokens", handed, "/v1/me"},
	} {
		if got := h.do(test.ends, http.MethodGet, test.look, ""); got.status != http.StatusOK {
			t.Fatalf("%s: %d %s", name, got.status, got.body)
		}

		var made struct{ Token string }

		h.create(test.asks, test.path, ids.New("idk"), `{"overlap_hours":0}`).into(t, &made)

		if got := h.do(test.ends, http.MethodGet, test.look, ""); got.status != http.StatusUnauthorized {
			t.Errorf("%s: the old one still holds: %d %s", name, got.status, got.body)
		}

		if got := h.do(made.Token, http.MethodGet, test.look, ""); got.status != http.StatusOK {
			t.Errorf("%s: the new one does not hold: %d %s", name, got.status, got.body)
		}

		h.awaitListening(t)
	}
}

// TestWhatIsMadeHoldsAtOnce: a key or a token that was just shown is no wrong one, which
// would be refused and count as a guess, in the process that made it.
func TestWhatIsMadeHoldsAtOnce(t *testing.T) {
	t.Parallel()

	h, maker := deaf(t)
	_, operator := maker.Operator()

	h.listen(t)

	for path, test := range map[string]struct{ body, look string }{
		"/v1/keys":  {`{"label":"fresh","scopes":["promises:read"]}`, "/v1/promises"},
		"/v1/staff": {`{"handle":"fresh","role":"support"}`, "/v1/me"},
	} {
		var made struct{ Token string }

		h.create(operator, path, ids.New("idk"), test.body).into(t, &made)

		if got := h.do(made.Token, http.MethodGet, test.look, ""); got.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}

		h.awaitListening(t)
	}
}

// TestARequestThatChangesNothingLeavesThemKnown: a repeated one gets the first answer,
// and the database tells of no change. No later request may cost a question to it.
func TestARequestThatChangesNothingLeavesThemKnown(t *testing.T) {
	t.Parallel()

	h, maker := guarded(t)
	_, token := maker.Staff(t, access.Support)

	h.listen(t)

	for _, replayed := range []string{"", "true", "true"} {
		got := h.create(token, "/v1/me/tokens", "again", `{}`)
		if got.status != http.StatusCreated || got.headers.Get("Idempotency-Replayed") != replayed {
			t.Fatalf("%d %s", got.status, got.body)
		}

		h.awaitListening(t)
	}
}
