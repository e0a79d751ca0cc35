package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/failure"
)

// mishap does what handlers should not.
type mishap struct{}

type mishapInput struct {
	ID string `path:"id" maxLength:"40"`
}

func (m mishap) register(r *router) {
	register(r, huma.Operation{
		OperationID: "get-account", Method: http.MethodGet, Path: "/v1/accounts/{id}", Summary: "Go wrong", Tags: []string{"accounts"},
		Errors: []int{http.StatusNotFound},
	}, m.get)
}

func (mishap) get(_ context.Context, in *mishapInput) (*struct{}, error) {
	canary := errors.New("row (email)=(ottoline@example.com)")

	switch in.ID {
	case "panic":
		panic(canary)
	case "foreign":
		return nil, canary
	case "statement":
		return nil, failure.Wrap(failure.Unavailable, "writing", &pgconn.PgError{Code: "22021"})
	case "coded":
		return nil, failure.Wrap(failure.NotFound, "looking for the account", canary)
	}

	return nil, failure.Wrap(failure.Unavailable, "asking the database", canary)
}

// TestNothingLeaks: whatever goes wrong, neither answer nor log has a value, the
// address of the caller, or the address that was called.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()

	h := newHouse(t, mishap{})

	var log bytes.Buffer
	h.log = slog.New(slog.NewJSONHandler(&log, nil))

	for id, want := range map[string]int{"panic": 500, "foreign": 500, "statement": 500, "coded": 404, "down": 503, "ottoline%40example.com": 503} {
		got := h.do("operator", http.MethodGet, "/v1/accounts/"+id, "")
		if got.status != want || got.problem(t).Status != want || strings.Contains(string(got.body), "ottoline") {
			t.Errorf("%s: %d %s", id, got.status, got.body)
		}
	}

	h.do("operator", http.MethodGet, "/v1/accounts/ottoline@example.com?ottoline=1", "")
	h.do("operator", http.MethodPost, "/v1/ottoline@example.com", `{"ottoline":1}`)
	h.server.Close() // every line is written

	for _, canary := range []string{"ottoline", "127.0.0.1", "/v1/accounts"} {
		if strings.Contains(log.String(), canary) {
			t.Errorf("the log has %q:\n%s", canary, log.String())
		}
	}

	for _, needed := range []string{`"panicked":"*errors.errorString"`, `"operation":"get-account"`, `"code":"not_found"`, `"doing":"asking the database"`} {
		if !strings.Contains(log.String(), needed) {
			t.Errorf("the log lacks %s:\n%s", needed, log.String())
		}
	}
}

func TestMistakesAreNamedWithoutValues(t *testing.T) {
	t.Parallel()

	h := newHouse(t, shelf{})

	for body, want := range map[string]string{
		`{"name":"ottoline lovelace, a name of many letters"}`: `{"location":"body.name","message":"expected length <= 20"}`,
		`{"name":"x","ottoline_lovelace":1}`:                   `{"location":"body.*","message":"unexpected property"}`,
		`{}`:                                                   `{"location":"body","message":"expected required property name to be present"}`,
		`{"name":5}`:                                           `{"location":"body.name","message":"expected string"}`,
		`{"name":"ottoline","name":"ottoline"}`:                `{"location":"body","message":"a name stands twice in one object"}`,
	} {
		got := h.create("app", "/v1/things", "k", body)
		if !strings.Contains(string(got.body), want) || strings.Contains(string(got.body), "ottoline") {
			t.Errorf("%s: %s", body, got.body)
		}
	}

	if got := h.create("app", "/v1/things?ottoline=1", "k", `{"name":"x"}`); got.status != http.StatusUnprocessableEntity ||
		!strings.Contains(string(got.body), `"location":"query.*"`) {
		t.Errorf("%s", got.body)
	}
}

func TestIntake(t *testing.T) {
	t.Parallel()

	h := newHouse(t, shelf{}, mishap{})

	for name, test := range map[string]struct {
		method, path, body string
		headers            []string
		want               int
	}{
		"no body":           {"POST", "/v1/things", "", nil, 400},
		"no JSON":           {"POST", "/v1/things", "{", nil, 400},
		"too large":         {"POST", "/v1/things", `{"name":"` + strings.Repeat("x", 64<<10) + `"}`, nil, 413},
		"text":              {"POST", "/v1/things", `{}`, []string{"Content-Type", "text/plain"}, 415},
		"another charset":   {"POST", "/v1/things", `{}`, []string{"Content-Type", "application/json; charset=latin1"}, 415},
		"UTF-8":             {"POST", "/v1/things", `{}`, []string{"Content-Type", "application/json; charset=UTF-8"}, 422},
		"no type":           {"POST", "/v1/things", `{}`, []string{"Content-Type", ""}, 415},
		"NUL in the path":   {"GET", "/v1/accounts/%00", "", nil, 400},
		"no UTF-8":          {"GET", "/v1/accounts/%ff", "", nil, 400},
		"too long":          {"GET", "/v1/accounts/" + strings.Repeat("x", 41), "", nil, 422},
		"bad query":         {"GET", "/v1/accounts/x?%zz", "", nil, 400},
		"two credentials":   {"GET", "/v1/accounts/x", "", []string{"Authorization", "Bearer"}, 401},
		"basic credentials": {"GET", "/v1/accounts/x", "", []string{"Authorization", "Basic YQ=="}, 401},
		"long credentials":  {"GET", "/v1/accounts/x", "", []string{"Authorization", "Bearer " + strings.Repeat("x", 513)}, 401},
		"another method":    {"PUT", "/v1/accounts/x", "", nil, 405},
		"dots":              {"GET", "/v1/accounts/../accounts/x", "", nil, 404},
	} {
		got := h.do("app", test.method, test.path, test.body, append([]string{"Idempotency-Key", "k"}, test.headers...)...)
		if got.status != test.want {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}

		got.problem(t)
	}
}

// TestOnlyProxiesMayConnect: where the API speaks plain HTTP beyond loopback.
func TestOnlyProxiesMayConnect(t *testing.T) {
	t.Setenv("STEWARD_API_LISTEN", "0.0.0.0:8480")
	t.Setenv("STEWARD_API_PLAIN_FOR_PROXIES", "true")
	t.Setenv("STEWARD_API_PROXIES", "10.0.0.0/8")

	h := newHouse(t)

	for peer, want := range map[string]int{"10.1.2.3:1": http.StatusOK, "203.0.113.9:1": http.StatusForbidden, "127.0.0.1:1": http.StatusForbidden} {
		request := httptest.NewRequest(http.MethodGet, "/healthz", http.NoBody)
		request.RemoteAddr = peer
		recorder := httptest.NewRecorder()

		h.service.handler.ServeHTTP(recorder, request)

		if recorder.Code != want || recorder.Header().Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: %d %v", peer, recorder.Code, recorder.Header())
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()

	h := newHouse(t, mishap{})
	s := &service{health: h.service.health}
	h.door.CredentialRate = 0.001

	if err := s.open(h.process, []resource{mishap{}}); err != nil {
		t.Fatal(err)
	}

	h.server.Config.Handler = s.handler

	if got := h.do("operator", http.MethodGet, "/v1/accounts/coded", ""); got.status != http.StatusNotFound ||
		got.headers.Get("Ratelimit") != `"credential";r=0;t=1000` || got.headers.Get("Ratelimit-Policy") != `"credential";q=1;w=1000` {
		t.Errorf("%d %v", got.status, got.headers)
	}

	if got := h.do("operator", http.MethodGet, "/v1/accounts/coded", ""); got.status != http.StatusTooManyRequests ||
		got.problem(t).Code != failure.TooManyRequests || got.headers.Get("Retry-After") != "1000" {
		t.Errorf("%d %v", got.status, got.headers)
	}

	if got := h.do("lead", http.MethodGet, "/v1/accounts/coded", ""); got.status != http.StatusNotFound {
		t.Errorf("another credential: %d", got.status)
	}
}

// stuck is an authenticator whose database does not answer.
type stuck struct{}

func (stuck) Verify(ctx context.Context, _ string) (access.Principal, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return access.Principal{}, failure.New(failure.Internal, "waiting for ever")
	}

	return access.Principal{}, failure.New(failure.TooBusy, "waiting to look at the credentials")
}

// TestFindingOutWhoCallsHasAnEnd: also where the database hangs, and who waits for it
// in vain is told when to come again.
func TestFindingOutWhoCallsHasAnEnd(t *testing.T) {
	t.Parallel()

	h := newHouse(t, mishap{})
	h.verifier = stuck{}
	s := &service{health: h.service.health}

	if err := s.open(h.process, []resource{mishap{}}); err != nil {
		t.Fatal(err)
	}

	h.server.Config.Handler = s.handler

	got := h.do("operator", http.MethodGet, "/v1/accounts/coded", "")
	if got.status != http.StatusServiceUnavailable || got.problem(t).Code != failure.TooBusy || got.headers.Get("Retry-After") == "" {
		t.Errorf("%d %v %s", got.status, got.headers, got.body)
	}
}

// TestAFloodTakesNothingFromItsNeighbours: bad tokens from an address use up what that
// address may do without credentials, and nothing of what a right one may do there.
func TestAFloodTakesNothingFromItsNeighbours(t *testing.T) {
	t.Parallel()

	h := newHouse(t, mishap{})
	s := &service{health: h.service.health}
	h.door.AddressRate = 0.001

	if err := s.open(h.process, []resource{mishap{}}); err != nil {
		t.Fatal(err)
	}

	h.server.Config.Handler = s.handler

	for n, want := range []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusTooManyRequests} {
		token := []string{"nobody", "nobody", ""}[n]
		if got := h.do(token, http.MethodGet, "/v1/accounts/coded", ""); got.status != want || got.headers.Get("Ratelimit") != `"address";r=0;t=1000` {
			t.Errorf("%d: %d %v", n, got.status, got.headers)
		}
	}

	for range 3 {
		if got := h.do("operator", http.MethodGet, "/v1/accounts/coded", ""); got.status != http.StatusNotFound {
			t.Errorf("a right token from there: %d %s", got.status, got.body)
		}
	}
}

// TestAFloodOfNothingIsLimited: what never comes to an operation costs its address what
// anything else does.
func TestAFloodOfNothingIsLimited(t *testing.T) {
	t.Parallel()

	h := newHouse(t, mishap{})
	h.door.AddressRate = 0.001

	for _, test := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/x", http.StatusNotFound},
		{http.MethodGet, "/v1//accounts", http.StatusNotFound},
		{http.MethodPut, "/v1/accounts/coded", http.StatusMethodNotAllowed},
	} {
		s := &service{health: h.service.health}
		if err := s.open(h.process, []resource{mishap{}}); err != nil {
			t.Fatal(err)
		}

		h.server.Config.Handler = s.handler

		for _, want := range []int{test.want, http.StatusTooManyRequests, http.StatusTooManyRequests} {
			got := h.do("", test.method, test.path, "")
			if got.status != want || got.headers.Get("Ratelimit") != `"address";r=0;t=1000` || got.problem(t).Status != want {
				t.Errorf("%s %s: %d %v", test.method, test.path, got.status, got.headers)
			}
		}

		if got := h.do("operator", http.MethodGet, "/v1/accounts/coded", ""); got.status != http.StatusNotFound {
			t.Errorf("a right token from there: %d %s", got.status, got.body)
		}
	}
}

// TestWhoDoesNotComeThroughTheProxyIsLimited too.
func TestWhoDoesNotComeThroughTheProxyIsLimited(t *testing.T) {
	t.Setenv("STEWARD_API_LISTEN", "0.0.0.0:8480")
	t.Setenv("STEWARD_API_PLAIN_FOR_PROXIES", "true")
	t.Setenv("STEWARD_API_PROXIES", "10.0.0.0/8")

	h := newHouse(t, mishap{})
	h.door.AddressRate = 0.001
	s := &service{health: h.service.health}

	if err := s.open(h.process, []resource{mishap{}}); err != nil {
		t.Fatal(err)
	}

	for _, want := range []int{http.StatusForbidden, http.StatusTooManyRequests} {
		request := httptest.NewRequest(http.MethodGet, "/v1/accounts/coded", http.NoBody)
		request.RemoteAddr = "203.0.113.9:1"
		recorder := httptest.NewRecorder()

		s.handler.ServeHTTP(recorder, request)

		if recorder.Code != want {
			t.Errorf("%d, want %d", recorder.Code, want)
		}
	}
}

// TestDocumentsHaveALimitOfTheirOwn: they are large, and take nothing from what is not.
func TestDocumentsHaveALimitOfTheirOwn(t *testing.T) {
	t.Parallel()

	h := newHouse(t)
	h.door.AddressRate, h.machine = 2000, clocks.Fixed(time.Now())
	s := &service{health: h.service.health}

	if err := s.open(h.process, []resource{docs{service: s}, health{ready: s.health}}); err != nil {
		t.Fatal(err)
	}

	h.server.Config.Handler = s.handler

	given := 0

	for n := range 30 {
		path := []string{"/openapi.json", "/docs"}[n%2]
		if got := h.do("", http.MethodGet, path, ""); got.status == http.StatusOK {
			given++
		} else if got.status != http.StatusTooManyRequests || got.headers.Get("Retry-After") == "" {
			t.Errorf("%s: %d %v", path, got.status, got.headers)
		}

		if got := h.do("", http.MethodGet, "/healthz", ""); got.status != http.StatusOK {
			t.Errorf("/healthz: %d %s", got.status, got.body)
		}
	}

	if given != 10 { // at once; none comes back while the clock stands
		t.Errorf("%d documents", given)
	}
}

// TestWhatCannotBeRegistered: what nobody decided about has no address.
func TestWhatCannotBeRegistered(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	for name, resources := range map[string][]resource{
		"no rule": {wrong{id: "erase-everything"}}, "twice": {mishap{}, mishap{}}, "no summary": {wrong{id: "get-me"}},
	} {
		if err := (&service{health: h.service.health}).open(h.process, resources); !failure.Is(err, failure.Internal) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// wrong is a resource with an operation that must not be.
type wrong struct{ id string }

func (w wrong) register(r *router) {
	register(r, huma.Operation{OperationID: w.id, Method: http.MethodGet, Path: "/v1/wrong"}, func(context.Context, *struct{}) (*struct{}, error) {
		return nil, nil //nolint:nilnil // never called
	})
}
