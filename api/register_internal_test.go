package main

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/failure"
	"steward/internal/postgres"
)

// shelf creates things, to try registerCreate.
type shelf struct{ entered, leave chan struct{} }

type shelfInput struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"20"`
	}
}

type shelfOutput struct {
	Location string `header:"Location"`
	Body     struct {
		Count int `json:"count"`
	}
}

func (s shelf) register(r *router) {
	registerCreate(r, huma.Operation{
		OperationID: "create-account", Method: http.MethodPost, Path: "/v1/things", Summary: "Make a thing", Tags: []string{"accounts"},
		DefaultStatus: http.StatusCreated,
	}, s.make)
}

func (s shelf) make(ctx context.Context, tx postgres.Tx, in *shelfInput) (*shelfOutput, error) {
	if in.Body.Name == "wait" {
		close(s.entered)
		<-s.leave
	}

	if _, err := tx.Exec(ctx, "insert into things (name) values ($1)", in.Body.Name); err != nil {
		return nil, failure.Wrap(failure.Unavailable, "making a thing", err)
	}

	if in.Body.Name == "fail" {
		return nil, failure.New(failure.NotFound, "making a thing")
	}

	out := &shelfOutput{Location: "/v1/things/" + in.Body.Name}
	err := tx.QueryRow(ctx, "select count(*) from things").Scan(&out.Body.Count)

	return out, failure.Wrap(failure.Unavailable, "counting", err)
}

func newShelf(t *testing.T) (*house, shelf) {
	t.Helper()

	s := shelf{entered: make(chan struct{}), leave: make(chan struct{})}
	h := newHouse(t, s)

	if _, err := h.db.Exec(t.Context(), "create table things (name text)"); err != nil {
		t.Fatal(err)
	}

	return h, s
}

func (h *house) things() (count int) {
	h.t.Helper()

	if err := h.db.QueryRow(h.t.Context(), "select count(*) from things").Scan(&count); err != nil {
		h.t.Fatal(err)
	}

	return count
}

func TestARetryGetsTheFirstAnswer(t *testing.T) {
	t.Parallel()

	h, _ := newShelf(t)

	first := h.create("app", "/v1/things", "k1", `{"name":"a"}`)
	second := h.create("app", "/v1/things", `"k1"`, `{"name":"a"}`)

	if first.status != http.StatusCreated || second.status != http.StatusCreated || !bytes.Equal(first.body, second.body) ||
		second.headers.Get("Location") != "/v1/things/a" || second.headers.Get("Idempotency-Replayed") != "true" ||
		first.headers.Get("Idempotency-Replayed") != "" {
		t.Errorf("%+v, then %+v", first, second)
	}

	if n := h.things(); n != 1 {
		t.Errorf("%d things", n)
	}

	for name, test := range map[string]struct {
		key, body string
		status    int
		code      failure.Code
	}{
		"another body":    {"k1", `{"name":"b"}`, http.StatusUnprocessableEntity, failure.IdempotencyReused},
		"no key":          {"", `{"name":"b"}`, http.StatusBadRequest, failure.IdempotencyMissing},
		"half quoted":     {`"k`, `{"name":"b"}`, http.StatusBadRequest, failure.IdempotencyMissing},
		"failed":          {"k2", `{"name":"fail"}`, http.StatusNotFound, failure.NotFound},
		"failed again":    {"k2", `{"name":"fail"}`, http.StatusNotFound, failure.NotFound},
		"a name twice":    {"k3", `{"name":"a","Name":"b"}`, http.StatusBadRequest, failure.RequestMalformed},
		"wrong case":      {"k3", `{"Name":"b"}`, http.StatusUnprocessableEntity, failure.RequestInvalid},
		"null":            {"k3", `{"name":null}`, http.StatusBadRequest, failure.RequestMalformed},
		"unknown member":  {"k3", `{"name":"a","ada@example.com":1}`, http.StatusUnprocessableEntity, failure.RequestInvalid},
		"too long a name": {"k3", `{"name":"ada@example.com is longer"}`, http.StatusUnprocessableEntity, failure.RequestInvalid},
	} {
		got := h.create("app", "/v1/things", test.key, test.body)
		if got.status != test.status || got.problem(t).Code != test.code {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}

	if n := h.things(); n != 1 {
		t.Errorf("%d things", n)
	}
}

func TestTheSecondOfTwoAtOnceIsToldSo(t *testing.T) {
	t.Parallel()

	h, s := newShelf(t)
	first := make(chan reply, 1)
	leave := sync.OnceFunc(func() { close(s.leave) })

	t.Cleanup(leave) // before the server closes, which waits for its requests

	go func() { first <- h.create("app", "/v1/things", "k", `{"name":"wait"}`) }()

	<-s.entered

	if got := h.create("app", "/v1/things", "k", `{"name":"wait"}`); got.status != http.StatusConflict ||
		got.problem(t).Code != failure.IdempotencyRunning || got.headers.Get("Retry-After") == "" {
		t.Errorf("%+v", got)
	}

	leave()

	if got := <-first; got.status != http.StatusCreated {
		t.Errorf("%+v", got)
	}

	if got := h.create("app", "/v1/things", "k", `{"name":"wait"}`); got.status != http.StatusCreated || h.things() != 1 {
		t.Errorf("%+v, %d things", got, h.things())
	}
}
