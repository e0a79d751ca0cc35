package main

import (
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"steward/internal/apiclient"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/publicnet"
	"steward/internal/webhook"
)

// forgetful is a network that loses the first answer to each request.
type forgetful struct {
	mu   sync.Mutex
	seen map[string]bool // owned by mu
}

var errLost = errors.New("the answer was lost")

// RoundTrip implements http.RoundTripper.
func (f *forgetful) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}

	f.mu.Lock()
	defer f.mu.Unlock()

	if what := request.Method + request.URL.Path; !f.seen[what] {
		f.seen[what] = true

		return nil, errors.Join(errLost, response.Body.Close())
	}

	return response, nil
}

// TestALostAnswerIsNoFailure: what the command asks again is done once, with one act, and
// told as done; in the meantime the delivery may be tried already.
func TestALostAnswerIsNoFailure(t *testing.T) {
	t.Parallel()

	h, keeper := messageHouse(t)

	endpoint, _, err := webhook.Create(t.Context(), h.db, keeper, webhook.Wanted{URL: "https://hooks.example.com/", CreatedBy: "stf"}, publicnet.Rule{}, h.clock.Now())
	if err != nil {
		t.Fatal(err)
	}

	if _, err := webhook.Emit(t.Context(), h.db, webhook.Event{
		Cause: "x", At: h.clock.Now(), Data: webhook.Task{Task: "tsk", Kind: "k", Due: h.clock.Now()},
	}, 24*time.Hour); err != nil {
		t.Fatal(err)
	}

	var delivery string
	if err := h.db.QueryRow(t.Context(), `select id from webhook_deliveries`).Scan(&delivery); err != nil {
		t.Fatal(err)
	}

	// Whoever delivers takes it up as soon as it is queued, and has it for two minutes.
	if _, err := h.db.Exec(t.Context(), `create function taken() returns trigger language plpgsql as
		$$ begin new.claimed_until := new.next_at + interval '2 minutes'; return new; end $$;
		create trigger taken before update on webhook_deliveries for each row execute function taken()`); err != nil {
		t.Fatal(err)
	}

	client, err := apiclient.New(apiclient.Options{URL: h.server.URL, Token: "operator", Transport: &forgetful{seen: map[string]bool{}}})
	if err != nil {
		t.Fatal(err)
	}

	if err := client.Do(t.Context(), http.MethodPost, "/v1/webhooks/deliveries/"+delivery+"/retry", nil, nil); err != nil {
		t.Error(err)
	}

	if err := client.Do(t.Context(), http.MethodDelete, "/v1/webhooks/endpoints/"+endpoint, nil, nil); err != nil {
		t.Error(err)
	}

	if got := verbsOf(t, h); got != "webhook.retry webhook.delete" {
		t.Errorf("acts: %s", got)
	}

	if err := client.Do(t.Context(), http.MethodDelete, "/v1/webhooks/endpoints/"+ids.New("whe"), nil, nil); !failure.Is(err, failure.UnknownEndpoint) {
		t.Errorf("one that never was: %v", err)
	}
}
