package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"steward/internal/access"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/metrics"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/problem"
)

// house is the whole API on a real database, with credentials that tests make up.
type house struct {
	*process

	t       testing.TB
	service *service
	server  *httptest.Server
	// errors are the newest lines of the log that are errors.
	errors *lines
}

// lines keeps the newest lines of a log.
type lines struct {
	mu   sync.Mutex
	kept []string
}

// Write implements io.Writer.
func (l *lines) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()

	l.kept = append(l.kept, string(text))
	l.kept = l.kept[max(0, len(l.kept)-5):]

	return len(text), nil
}

// String shows them.
func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()

	return strings.Join(l.kept, "")
}

// people are the made-up credentials: the token is the id.
type people map[string]access.Principal

func (p people) Verify(_ context.Context, token string) (access.Principal, error) {
	who, known := p[token]
	if !known {
		return access.Principal{}, failure.New(failure.CredentialsNeeded, "looking for the token")
	}

	return who, nil
}

// everybody has one credential of each role, and a key with all scopes, "app".
func everybody() people {
	all := people{"app": {Kind: access.App, ID: ids.New("app"), Credential: ids.New("key"), Scopes: access.Scopes()}}
	for _, role := range access.Roles() {
		all[string(role)] = access.Principal{Kind: access.Staff, ID: ids.New("stf"), Credential: ids.New("tok"), Role: role}
	}

	return all
}

// newHouse opens the API with all its resources, or with the given ones only.
func newHouse(t testing.TB, only ...resource) *house {
	t.Helper()

	h := openHouse(t, pgtest.OpenSteward(t), only...)
	hire(t, h.db, h.verifier)

	return h
}

// hire writes the made-up people down: what they do names them.
func hire(t testing.TB, db *postgres.DB, from authenticator) {
	t.Helper()

	all, ok := from.(people)
	if !ok {
		t.Fatal("the people are not made up")
	}

	for name, who := range all {
		if who.Kind != access.Staff {
			continue
		}

		_, err := db.Exec(t.Context(),
			`with member as (insert into staff (handle, role, since, id) values ($2, $3, now(), $1) returning id)
			insert into staff_tokens (id, staff, made_by, secret_sha256, made_at, expires_at, ends_at)
			select $4::text, id, member.id, sha256(convert_to($4::text, 'UTF8')), now(), now() + interval '1 day', now() + interval '2 days' from member`,
			who.ID, name, string(who.Role), who.Credential)
		if err != nil {
			t.Fatal(err)
		}
	}
}

func openHouse(t testing.TB, db *postgres.DB, only ...resource) *house {
	t.Helper()

	door, err := config.LoadAPI(policy.Production)
	if err != nil {
		t.Fatal(err)
	}

	door.AddressRate, door.CredentialRate = 0, 0

	rules, err := policy.Load("../internal/policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		t.Fatal(err)
	}

	master, err := casekey.ParseMaster([]byte(casekey.GenerateMaster()))
	if err != nil {
		t.Fatal(err)
	}

	kept := &lines{}
	h := &house{t: t, errors: kept, process: &process{
		log: slog.New(slog.NewJSONHandler(kept, &slog.HandlerOptions{Level: slog.LevelError})), policy: rules, door: door,
		clock: clocks.System(), machine: clocks.System(),
		requests: metrics.NewRequests(operationNames(), commit), db: db, verifier: everybody(),
		lookup: bytes.Repeat([]byte{7}, 32), keeper: casekey.Keeper{Master: master},
	}}

	h.service = &service{health: newReadiness(h.process)}
	if len(only) == 0 {
		only = h.service.resources(h.process)
	}

	if err := h.service.open(h.process, only); err != nil {
		t.Fatal(err)
	}

	h.server = httptest.NewServer(h.service.handler)
	t.Cleanup(h.server.Close)

	return h
}

// reply is one answer, read whole.
type reply struct {
	status  int
	headers http.Header
	body    []byte
	// last says that the server closes the connection.
	last bool
}

// problem reads the body of a failure.
func (r reply) problem(t testing.TB) problem.Problem {
	t.Helper()

	var read problem.Problem
	if err := json.Unmarshal(r.body, &read); err != nil || r.headers.Get("Content-Type") != problem.ContentType {
		t.Fatalf("no problem: %d %s", r.status, r.body)
	}

	return read
}

// into reads the body of a success.
func (r reply) into(t testing.TB, v any) {
	t.Helper()

	if r.status >= http.StatusBadRequest {
		t.Fatalf("%d %s", r.status, r.body)
	}

	if err := json.Unmarshal(r.body, v); err != nil {
		t.Fatal(err)
	}
}

// do sends one request as whoever has the token; headers are pairs.
func (h *house) do(token, method, path, body string, headers ...string) reply {
	h.t.Helper()

	request, err := http.NewRequestWithContext(h.t.Context(), method, h.server.URL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}

	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}

	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}

	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}

	response, err := h.server.Client().Do(request)
	if err != nil {
		h.t.Fatal(err)
	}

	defer response.Body.Close()

	var text bytes.Buffer
	if _, err := io.Copy(&text, response.Body); err != nil {
		h.t.Fatal(err)
	}

	return reply{status: response.StatusCode, headers: response.Header, body: text.Bytes(), last: response.Close}
}

// create sends a POST with an Idempotency-Key.
func (h *house) create(token, path, key, body string) reply {
	h.t.Helper()

	return h.do(token, http.MethodPost, path, body, "Idempotency-Key", key)
}
