package apiclient_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"steward/internal/apiclient"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
)

// recorder answers with one step after the other and keeps what it was asked.
type recorder struct {
	mu    sync.Mutex
	steps []http.HandlerFunc
	asked []*http.Request
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()

	r.asked = append(r.asked, request)
	step := r.steps[min(len(r.asked), len(r.steps))-1]
	step(w, request)
}

func answer(status int, headers map[string]string, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}

		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func problem(status int, body string) http.HandlerFunc {
	return answer(status, map[string]string{"Content-Type": "application/problem+json"}, body)
}

func serve(t *testing.T, steps ...http.HandlerFunc) (*apiclient.Client, *recorder) {
	t.Helper()

	asked := &recorder{steps: steps}
	server := httptest.NewServer(asked)
	t.Cleanup(server.Close)

	client, err := apiclient.New(apiclient.Options{URL: server.URL + "/", Token: "stw_x"})
	if err != nil {
		t.Fatal(err)
	}

	return apiclient.Hasty(client), asked
}

type row struct {
	ID string `json:"id"`
}

func TestACall(t *testing.T) {
	t.Parallel()

	client, asked := serve(t, func(w http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		if err != nil || string(body) != `{"id":"x"}` || request.URL.Path != "/v1/keys" || request.Method != http.MethodPost {
			t.Errorf("%s %s %s, %v", request.Method, request.URL, body, err)
		}

		answer(http.StatusCreated, nil, `{"id":"key_a","later":1}`)(w, request)
	})

	var out row
	if err := client.Do(t.Context(), http.MethodPost, "/v1/keys", row{ID: "x"}, &out); err != nil || out.ID != "key_a" {
		t.Errorf("%+v, %v", out, err)
	}

	header := asked.asked[0].Header
	if header.Get("Authorization") != "Bearer stw_x" || header.Get("Content-Type") != "application/json" ||
		!ids.Valid("idk", header.Get("Idempotency-Key")) {
		t.Errorf("%v", header)
	}
}

// An answer that is not there, or that says to come again, is asked for again with
// the same key; any other is final.
func TestRetries(t *testing.T) {
	t.Parallel()

	busy := answer(http.StatusServiceUnavailable, map[string]string{"Retry-After": "1"}, "")
	running := answer(http.StatusConflict,
		map[string]string{"Retry-After": "1", "Content-Type": "application/problem+json"}, `{"code":"idempotency_key_running"}`)
	done := answer(http.StatusOK, nil, `{"id":"a"}`)
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, "{")
	}

	for name, test := range map[string]struct {
		steps []http.HandlerFunc
		asked int
		code  failure.Code
	}{
		"busy, then done":        {[]http.HandlerFunc{busy, done}, 2, ""},
		"the first still runs":   {[]http.HandlerFunc{running, running, done}, 3, ""},
		"an answer that was cut": {[]http.HandlerFunc{cut, done}, 2, ""},
		"busy for too long":      {[]http.HandlerFunc{busy}, 4, failure.APIUnavailable},
		"asked to wait for long": {[]http.HandlerFunc{answer(http.StatusTooManyRequests, map[string]string{"Retry-After": "60"}, "")}, 1, failure.APIUnavailable},
		"a failure of the API":   {[]http.HandlerFunc{answer(http.StatusInternalServerError, nil, "")}, 1, failure.APIUnavailable},
		"a conflict":             {[]http.HandlerFunc{answer(http.StatusConflict, map[string]string{"Retry-After": "1"}, "")}, 1, failure.APIRefused},
		"a redirect":             {[]http.HandlerFunc{answer(http.StatusFound, map[string]string{"Location": "https://example.com"}, "")}, 1, failure.APIUnavailable},
		"another answer":         {[]http.HandlerFunc{answer(http.StatusOK, nil, "<html>")}, 1, failure.APIUnavailable},
	} {
		client, asked := serve(t, test.steps...)

		var out row
		if err := client.Do(t.Context(), http.MethodPost, "/v1/x", nil, &out); failure.CodeOf(err) != test.code {
			t.Errorf("%s: %v", name, err)
		}

		keys := map[string]bool{}
		for _, request := range asked.asked {
			keys[request.Header.Get("Idempotency-Key")] = true
		}

		if len(asked.asked) != test.asked || len(keys) != 1 {
			t.Errorf("%s: asked %d times with %d keys", name, len(asked.asked), len(keys))
		}
	}
}

// What the API says of a refusal reaches the person; its code decides how the
// command ends.
func TestProblems(t *testing.T) {
	t.Parallel()

	for name, test := range map[string]struct {
		status int
		body   string
		code   failure.Code
		tells  string
	}{
		"a code that we know": {
			http.StatusUnauthorized, `{"title":"t","detail":"d","code":"credentials_expired","request_id":"req_a"}`,
			failure.CredentialsExpired, "d; request req_a",
		},
		"wrong members": {
			http.StatusUnprocessableEntity, `{"detail":"validation failed","errors":[{"message":"expected string","location":"body.id"},{"message":"m"}]}`,
			failure.APIRefused, "validation failed; body.id: expected string; m; request req_header",
		},
		"a code of a newer API": {http.StatusForbidden, `{"code":"not_yet_known"}`, failure.Unauthorised, "request req_header"},
		"no JSON":               {http.StatusNotFound, `<html>`, failure.APIRefused, "request req_header"},
	} {
		client, _ := serve(t, func(w http.ResponseWriter, request *http.Request) {
			w.Header().Set("X-Request-ID", "req_header")
			problem(test.status, test.body)(w, request)
		})

		err := client.Do(t.Context(), http.MethodGet, "/v1/x", nil, nil)

		var told *apiclient.Problem
		if !failure.Is(err, test.code) || !errors.As(err, &told) || told.Tell() != test.tells || told.Status != test.status {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Every outside call of an operation may fail: the operation ends by itself, and
// the key is the same whenever it is made again.
func TestFaultsEndWithAnAnswer(t *testing.T) {
	t.Parallel()

	for _, mode := range []faults.Mode{faults.Before, faults.After} {
		client, asked := serve(t, answer(http.StatusOK, nil, "{}"))

		err := client.Do(faults.With(t.Context(), &faults.Counter{N: 1, Mode: mode}), http.MethodPost, "/v1/x", nil, nil)
		if want := map[faults.Mode]int{faults.Before: 1, faults.After: 2}[mode]; err != nil || len(asked.asked) != want {
			t.Errorf("%s: asked %d times, %v", mode, len(asked.asked), err)
		}
	}

	client, _ := serve(t, answer(http.StatusOK, nil, "{}"))

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if err := client.Do(ended, http.MethodGet, "/v1/x", nil, nil); !failure.Is(err, failure.APIUnavailable) {
		t.Error(err)
	}

	if err := client.Do(t.Context(), http.MethodPost, "/v1/x", make(chan int), nil); !failure.Is(err, failure.Internal) {
		t.Error(err)
	}

	if err := client.Do(t.Context(), "no method", "/v1/x", nil, nil); !failure.Is(err, failure.Internal) {
		t.Error(err)
	}
}

func TestOptionsThatWouldLeakAreRefused(t *testing.T) {
	t.Parallel()

	for _, address := range []string{
		"", "steward.example.com", "ftp://steward.example.com", "http://steward.example.com", "http://10.0.0.1", "https://",
		"https://me:secret@steward.example.com", "https://steward.example.com?x=y", "https://steward.example.com#x", "https://[::1", "http://localhost.evil.example",
	} {
		_, err := apiclient.New(apiclient.Options{URL: address, Token: "t"})
		if !failure.Is(err, failure.ConfigInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", address, err)
		}
	}

	for _, address := range []string{"https://steward.example.com/steward/", "http://localhost:8080", "http://127.0.0.1:1", "http://[::1]:1"} {
		if _, err := apiclient.New(apiclient.Options{URL: address, Token: "t"}); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}

	for _, token := range []string{"", "t\n", " t"} {
		if _, err := apiclient.New(apiclient.Options{URL: "https://x.example", Token: token}); !failure.Is(err, failure.ConfigInvalid) {
			t.Errorf("%q: %v", token, err)
		}
	}
}

func TestAnAnswerIsBounded(t *testing.T) {
	t.Parallel()

	client, asked := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 17 {
			fmt.Fprint(w, strings.Repeat(" ", 1<<20))
		}
	})

	if err := client.Do(t.Context(), http.MethodGet, "/v1/x", nil, nil); !failure.Is(err, failure.APIUnavailable) || len(asked.asked) != 1 {
		t.Errorf("asked %d times, %v", len(asked.asked), err)
	}
}

func ExamplePath() {
	fmt.Println(apiclient.Path("v1", "accounts", "a/b ?c"))
	// Output: /v1/accounts/a%2Fb%20%3Fc
}

// The members of a problem are those that the API documents.
func TestMembersOfAProblem(t *testing.T) {
	t.Parallel()

	text, err := json.Marshal(apiclient.Problem{})
	if err != nil {
		t.Fatal(err)
	}

	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}

	for _, name := range []string{"type", "title", "status", "detail", "code", "hint", "request_id", "errors"} {
		if _, found := members[name]; !found {
			t.Errorf("%s is missing", name)
		}

		delete(members, name)
	}

	if len(members) > 0 {
		t.Error(slices.Sorted(maps.Keys(members)))
	}
}
