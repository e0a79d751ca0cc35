package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"testing"
	"time"

	"steward/internal/access"
	"steward/internal/ids"
)

// TestAWriteScopeReadsNothingElse: whoever may only write hears of an account what they
// said themselves and what its state is, whether it was there before or not.
func TestAWriteScopeReadsNothingElse(t *testing.T) { //nolint:paralleltest // newHouse sets variables
	h, _ := lifeHouse(t)

	known, ok := h.verifier.(people)
	if !ok {
		t.Fatal("the house has other people")
	}

	for _, scope := range access.Scopes() {
		known[string(scope)] = access.Principal{
			Kind: access.App, ID: ids.New("app"), Credential: ids.New("key"), Scopes: []access.Scope{scope},
		}
	}

	// Everything is known of this account: it lives, paid and cancelled.
	for n, event := range []string{"payment", "cancelled"} {
		at := time.Now().Add(time.Duration(n-2) * time.Hour).Format(time.RFC3339)
		h.do("app", http.MethodPost, "/v1/subscriptions", fmt.Sprintf(`{"account":"42","event":%q,"at":%q}`, event, at)).into(t, &struct{}{})
	}

	h.do("app", http.MethodPost, "/v1/subscriptions", `{"account":"42","event":"paid_until","at":"2026-01-01T00:00:00Z","paid_until":"2026-02-01T00:00:00Z"}`).
		into(t, &struct{}{})
	h.do("app", http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"42"}]}`).into(t, &struct{}{})
	h.create("app", "/v1/accounts", "all", `{"account":"42","created_at":"2024-01-01T00:00:00Z"}`).into(t, &struct{}{})
	h.do("support", http.MethodDelete, "/v1/accounts/42", "").into(t, &struct{}{})

	const old = `{"account":"42","event":"cancelled","at":"2001-01-01T00:00:00Z"}`

	for name, test := range map[string]struct {
		scope              access.Scope
		method, path, body string
		want               []string
	}{
		"registered again":          {access.AccountsWrite, http.MethodPost, "/v1/accounts", `{"account":"42"}`, []string{"created_at", "id", "registered_at", "state"}},
		"registered":                {access.AccountsWrite, http.MethodPost, "/v1/accounts", `{"account":"43"}`, []string{"id", "registered_at", "state"}},
		"an event of old":           {access.SubscriptionsWrite, http.MethodPost, "/v1/subscriptions", old, []string{"cancelled_at", "id", "paid_at", "paid_until", "state", "subscribed"}},
		"a sign":                    {access.InteractionsWrite, http.MethodPost, "/v1/interactions", `{"interactions":[{"account":"42"}]}`, []string{"recorded", "refused"}},
		"asked for by who may read": {access.AccountsRead, http.MethodGet, "/v1/accounts/42", "", []string{"cancelled_at", "created_at", "deletion_task", "id", "last_interaction_at", "paid_at", "paid_until", "registered_at", "state", "subscribed"}},
	} {
		var told map[string]json.RawMessage

		answer := h.do(string(test.scope), test.method, test.path, test.body, "Idempotency-Key", ids.New("idk"))
		answer.into(t, &told)

		if got := slices.Sorted(maps.Keys(told)); !slices.Equal(got, test.want) {
			t.Errorf("%s: the scope %s reads %v", name, test.scope, got)
		}
	}
}
