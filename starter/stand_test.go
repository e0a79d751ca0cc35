package main_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"steward/internal/access"
	"steward/internal/failure"
	"steward/internal/problem"
	"steward/internal/requesttest"
)

// madeKeys is what the keys that the stand-in makes begin with.
const madeKeys = "stw_app_made_"

// stand is a stand-in for the API that knows one token of staff, and the keys that it
// made. It speaks docs/openapi.json and nothing else: a
// request that the document does not allow is refused as the API refuses it, and an
// answer of its own that the document does not describe fails the test. That the document is what the real API does is what the tests of package api show.
type stand struct {
	t        *testing.T
	document *requesttest.Document
	answers  map[string]func(*stand, asked) reply

	// role is whose the token is; without one everything is permitted.
	role access.Role

	mu    sync.Mutex
	token string
}

// asked is what an operation of the stand-in gets.
type asked struct {
	id    string // of the path; empty without one
	query url.Values
	body  map[string]any
}

// reply is what an operation answers: a body with the status of its success, or a code.
type reply struct {
	body string
	code failure.Code
}

// newStand reads the document.
func newStand(t *testing.T, token string) *stand {
	t.Helper()

	text, err := os.ReadFile("../docs/openapi.json")
	if err != nil {
		t.Fatal(err)
	}

	document, err := requesttest.Parse(text)
	if err != nil {
		t.Fatal(err)
	}

	return &stand{t: t, document: document, answers: answers(), token: token}
}

// ServeHTTP implements http.Handler.
func (s *stand) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()

	content, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}

	operation, id := s.operation(r)
	if operation == nil {
		s.t.Errorf("%s %s is no operation of the document", r.Method, r.URL.Path)
		http.NotFound(w, r)

		return
	}

	recorder := httptest.NewRecorder()
	recorder.Header().Set("X-Request-ID", "req_a")
	recorder.Header().Set("Cache-Control", "no-store")
	recorder.Header().Set("X-Content-Type-Options", "nosniff")
	s.answer(recorder, *operation, s.reply(r, operation, id, content))

	got := requesttest.Answer{Status: recorder.Code, Headers: recorder.Header(), Body: recorder.Body.Bytes()}

	// The document holds what is asked too; what it forbids was refused.
	skin := requesttest.Valid
	if s.forbidden(r, operation, id, content) {
		skin = requesttest.Broken
	}

	if err := s.document.Judge(requesttest.Request{Operation: *operation, Skin: skin, Method: r.Method}, got); err != nil {
		s.t.Errorf("the stand-in answers %s: %v: %s", operation.ID, err, got.Body)
	}

	maps.Copy(w.Header(), got.Headers)
	w.WriteHeader(got.Status)

	if len(got.Body) == 0 {
		return
	}

	if _, err := w.Write(got.Body); err != nil {
		s.t.Error(err)
	}
}

// operation finds the one that is asked for, and the id in its path.
func (s *stand) operation(r *http.Request) (*requesttest.Operation, string) {
	for i, operation := range s.document.Operations {
		before, after, named := strings.Cut(operation.Path, "{id}")
		rest, begins := strings.CutPrefix(r.URL.Path, before)
		id, ends := strings.CutSuffix(rest, after)

		switch {
		case operation.Method != r.Method:
		case !named && r.URL.Path == operation.Path:
			return &s.document.Operations[i], ""
		case named && begins && ends && id != "" && !strings.Contains(id, "/"):
			return &s.document.Operations[i], id
		}
	}

	return nil, ""
}

// reply is what the operation answers to a caller who may ask, and asks as documented.
func (s *stand) reply(r *http.Request, operation *requesttest.Operation, id string, content []byte) reply {
	in := asked{id: id, query: r.URL.Query()}

	credential := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")

	switch answer, known := s.answers[operation.ID]; {
	case credential != s.token && !strings.HasPrefix(credential, madeKeys):
		return reply{code: failure.CredentialsNeeded}
	case !s.permits(operation.ID, credential):
		return reply{code: failure.NotPermitted}
	case s.forbidden(r, operation, id, content):
		return reply{code: failure.RequestInvalid}
	case !known:
		s.t.Errorf("no answer is known for %s", operation.ID)

		return reply{code: failure.NotPermitted}
	default:
		if len(content) > 0 {
			if err := json.Unmarshal(content, &in.body); err != nil {
				s.t.Error(err)
			}
		}

		return answer(s, in)
	}
}

// permits reports whether the role table of the API lets the credential in.
func (s *stand) permits(operation, credential string) bool {
	if s.role == "" {
		return true
	}

	rule, _ := access.Find(access.Operation(operation)) // nobody may what has no rule
	who := access.Principal{Kind: access.Staff, Role: s.role}

	if made, isKey := strings.CutPrefix(credential, madeKeys); isKey { // label_[scopes]_days
		_, list, _ := strings.Cut(made, "[")
		list, _, _ = strings.Cut(list, "]")
		who = access.Principal{Kind: access.App}

		for scope := range strings.FieldsSeq(list) {
			who.Scopes = append(who.Scopes, access.Scope(scope))
		}
	}

	return access.Decide(rule, &who) == access.Granted
}

// forbidden reports whether the document forbids something of a request.
func (s *stand) forbidden(r *http.Request, operation *requesttest.Operation, id string, content []byte) bool {
	query := r.URL.Query()

	for _, parameter := range operation.Parameters {
		given := map[string]string{"path": id, "query": query.Get(parameter.Name), "header": r.Header.Get(parameter.Name)}[parameter.In]
		query.Del(parameter.Name)

		var value any = given
		if number, err := strconv.ParseFloat(given, 64); err == nil && parameter.Name == "limit" {
			value = number
		}

		if given == "" && parameter.Required || given != "" && s.document.Validate(parameter.Schema, value, true) != nil {
			return true
		}
	}

	if operation.Body == nil {
		return len(content) > 0 || len(query) > 0
	}

	var value any

	return len(query) > 0 || json.Unmarshal(content, &value) != nil || s.document.Validate(operation.Body, value, true) != nil
}

// answer writes a reply as the API would.
func (s *stand) answer(w http.ResponseWriter, operation requesttest.Operation, said reply) {
	if said.code != "" {
		made := problem.New(said.code, "").For("req_a")

		w.Header().Set("Content-Type", problem.ContentType)
		w.WriteHeader(made.Status)

		if err := json.NewEncoder(w).Encode(made); err != nil {
			s.t.Error(err)
		}

		return
	}

	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent} {
		if _, documented := operation.Responses[strconv.Itoa(status)]; documented {
			if said.body != "" {
				w.Header().Set("Content-Type", "application/json")
			}

			w.WriteHeader(status)

			break
		}
	}

	if said.body == "" {
		return
	}

	if _, err := io.WriteString(w, said.body); err != nil {
		s.t.Error(err)
	}
}
