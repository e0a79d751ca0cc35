package harness

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Hooks is a server of the app for webhooks: it keeps every call, and answers as it is
// told. Each endpoint has a path of its own. It is safe for concurrent use.
type Hooks struct {
	server *httptest.Server

	mu      sync.Mutex
	secrets map[string]endpoint // by path; owned by mu
	calls   []HookCall          // owned by mu
	answers []int               // the next statuses; owned by mu
}

// endpoint is what the app was told of one.
type endpoint struct{ id, secret string }

// HookCall is one call of a webhook.
type HookCall struct {
	// Path is which endpoint was called.
	Path string
	// Header and Body are what it was told.
	Header http.Header
	Body   string
}

// ID is the webhook-id.
func (c HookCall) ID() string { return c.Header.Get("Webhook-Id") }

// signature is what the call must be signed with: Standard Webhooks 1.0.0, computed
// here anew.
func (c HookCall) signature(secret string) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		return "" // no call is signed with nothing
	}
	mac := hmac.New(sha256.New, key)
	// A hash takes everything that it is given.
	mac.Write([]byte(c.ID() + "." + c.Header.Get("Webhook-Timestamp") + "." + c.Body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func newHooks(t testing.TB) *Hooks {
	t.Helper()
	hooks := &Hooks{secrets: map[string]endpoint{}}
	hooks.server = httptest.NewServer(http.HandlerFunc(hooks.serve))
	t.Cleanup(hooks.server.Close)
	return hooks
}

// URL is the address of a path.
func (h *Hooks) URL(path string) string { return h.server.URL + path }

// Knows tells the app what the endpoint at a path is and what it is signed with.
func (h *Hooks) Knows(path, id, secret string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.secrets[path] = endpoint{id: id, secret: secret}
}

// Known is what the app was told of the endpoint at a path.
func (h *Hooks) Known(path string) (id, secret string) {
	known := h.at(path)
	return known.id, known.secret
}

// Answer lets the next calls be answered so; all others are with 204.
func (h *Hooks) Answer(statuses ...int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.answers = append(h.answers, statuses...)
}

// Calls are all so far, in the order in which they came.
func (h *Hooks) Calls() []HookCall {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.calls)
}

// at is the endpoint of a path.
func (h *Hooks) at(path string) endpoint {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.secrets[path]
}

func (h *Hooks) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // who called is gone
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls = append(h.calls, HookCall{Path: r.URL.Path, Header: r.Header.Clone(), Body: string(body)})
	status := http.StatusNoContent
	if len(h.answers) > 0 {
		status, h.answers = h.answers[0], h.answers[1:]
	}
	w.WriteHeader(status)
}
