package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"steward/internal/account"
	"steward/internal/postgres"
)

// firing is how many callers there are at once, half of which register accounts.
const firing = 16

// told is an answer of the API.
type told struct {
	status   int
	body     string
	header   http.Header
	replayed bool
}

// acknowledged is what the callers of an API were told, and what they asked without
// being told anything.
type acknowledged struct {
	token string

	mu sync.Mutex
	// answers are the first ones to POST /v1/accounts, by account, which is the
	// Idempotency-Key too; empty where none came. Owned by mu.
	answers map[string]string
	// signs are the newest that were acknowledged, by account. Owned by mu.
	signs map[string]time.Time
	// count is how many requests were acknowledged. Owned by mu.
	count int
	// lost is how many callers ended without an answer.
	lost atomic.Int64
	// checked are the accounts that were asked for again since their answer came. Owned by mu.
	checked map[string]bool
}

func newAcknowledged(token string) *acknowledged {
	return &acknowledged{token: token, answers: map[string]string{}, signs: map[string]time.Time{}, checked: map[string]bool{}}
}

// ask sends one request; an error means that no answer came.
func (a *acknowledged) ask(ctx context.Context, client *http.Client, url, key, body string) (told, error) {
	method := http.MethodPost
	if body == "" {
		method = http.MethodGet
	}

	request, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return told{}, fmt.Errorf("making a request: %w", err)
	}

	request.Header.Set("Authorization", "Bearer "+a.token)
	request.Header.Set("Content-Type", "application/json")

	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}

	response, err := client.Do(request)
	if err != nil {
		return told{}, err // looked at by the caller
	}
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	if err != nil {
		return told{}, err // as above
	}

	return told{
		status: response.StatusCode, body: string(text), header: response.Header,
		replayed: response.Header.Get("Idempotency-Replayed") == "true",
	}, nil
}

// register asks for an account, and notes the answer if it is one of success.
func (a *acknowledged) register(ctx context.Context, client *http.Client, address, id string) (answer told, err error) {
	a.mu.Lock()
	a.answers[id] = ""
	a.mu.Unlock()

	answer, err = a.ask(ctx, client, "http://"+address+"/v1/accounts", "fire-"+id, `{"account":"`+id+`"}`)
	if err == nil && answer.status == http.StatusCreated {
		a.mu.Lock()
		a.answers[id] = answer.body
		a.count++
		a.mu.Unlock()
	}

	return answer, err
}

// sign says that somebody was in an account now, and notes that it was acknowledged.
func (a *acknowledged) sign(ctx context.Context, client *http.Client, address, id string) (answer told, err error) {
	at := time.Now().UTC().Truncate(time.Microsecond)

	answer, err = a.ask(ctx, client, "http://"+address+"/v1/interactions", "",
		`{"interactions":[{"account":"`+id+`","at":"`+at.Format(time.RFC3339Nano)+`"}]}`)
	if err == nil && answer.status == http.StatusOK {
		a.mu.Lock()
		a.signs[id] = at
		a.count++
		a.mu.Unlock()
	}

	return answer, err
}

func (a *acknowledged) soFar() int {
	a.mu.Lock()
	defer a.mu.Unlock()

	return a.count
}

// fire lets callers ask until ctx ends or no answer comes, each over a connection of its
// own. Each answer is judged by judge, which may wait before the caller asks again.
func (a *acknowledged) fire(ctx context.Context, address string, from int, judge func(told)) {
	var callers sync.WaitGroup

	for caller := range firing {
		callers.Go(func() {
			client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
			defer client.CloseIdleConnections()

			for n := 0; ctx.Err() == nil; n++ {
				var (
					answer told
					err    error
				)

				// A request that has begun gets its answer.
				if caller%2 == 0 {
					answer, err = a.register(context.WithoutCancel(ctx), client, address, fmt.Sprintf("%d%02d%06d", from, caller, n))
				} else {
					answer, err = a.sign(context.WithoutCancel(ctx), client, address, fmt.Sprintf("99%02d", caller))
				}

				if err != nil {
					a.lost.Add(1)

					return
				}

				judge(answer)
			}
		})
	}

	callers.Wait()
}

// again sends every request for an account once more that was not since its answer: it
// has the first answer, and what had none before has one now.
func (a *acknowledged) again(t *testing.T, address string) (repeated int) {
	t.Helper()

	client := &http.Client{Transport: &http.Transport{}, Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()

	for id, first := range a.answers {
		if a.checked[id] {
			continue
		}

		answer, err := a.ask(t.Context(), client, "http://"+address+"/v1/accounts", "fire-"+id, `{"account":"`+id+`"}`)

		switch {
		case err != nil || answer.status != http.StatusCreated:
			t.Errorf("account %s, asked for again: %d %s, %v", id, answer.status, answer.body, err)
		case first != "" && (answer.body != first || !answer.replayed):
			t.Errorf("account %s was answered %s, and then %s (again: %v)", id, first, answer.body, answer.replayed)
		}

		a.answers[id], a.checked[id] = answer.body, first != ""
		repeated++
	}

	return repeated
}

// check compares what was acknowledged with what the database has.
func (a *acknowledged) check(t *testing.T, owner *postgres.DB) {
	t.Helper()

	for id := range a.answers {
		if _, err := account.Get(t.Context(), owner, id); err != nil {
			t.Errorf("account %s: %v", id, err)
		}
	}

	for id, at := range a.signs {
		found, err := account.Get(t.Context(), owner, id)
		if err != nil || found.LastInteractionAt.Before(at) {
			t.Errorf("account %s was alive at %s, and is known to have been at %s: %v", id, at, found.LastInteractionAt, err)
		}
	}
}

// asOwner opens a database with the rights of its owner, until the test ends.
func asOwner(t *testing.T, at string) *postgres.DB {
	t.Helper()

	owner, err := postgres.Open(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(owner.Close)

	return owner
}
