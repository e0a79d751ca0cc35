package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/failure"
)

// slow is a resource whose work lasts until it is let go.
type slow struct {
	began chan struct{}
	end   chan struct{}
}

type slowInput struct {
	Body struct {
		Name string `json:"name"`
	}
}

func (s slow) register(r *router) {
	register(r, huma.Operation{
		OperationID: "record-interactions", Method: http.MethodPost, Path: "/v1/slow", Summary: "Wait", Tags: []string{"accounts"},
		DefaultStatus: http.StatusNoContent, MaxBodyBytes: roomForAll / 4,
	}, s.wait)
	register(r, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Summary: "Tell", Tags: []string{"service"},
		DefaultStatus: http.StatusNoContent,
	}, func(context.Context, *struct{}) (*struct{}, error) { return nil, nil }) //nolint:nilnil // nothing to tell
}

func (s slow) wait(ctx context.Context, in *slowInput) (*struct{}, error) {
	if in.Body.Name == "quick" {
		return nil, nil //nolint:nilnil // nothing to tell
	}

	s.began <- struct{}{}

	select {
	case <-s.end:
		return nil, nil //nolint:nilnil // nothing to tell
	case <-ctx.Done():
		return nil, errors.New("nobody let it go") //nolint:err113 // a test
	}
}

// TestRequestsUnderWayAreBounded: where those that wait hold all the room, the next is told
// to come again, health is told all the same, and the room comes back.
func TestRequestsUnderWayAreBounded(t *testing.T) {
	t.Parallel()

	held := slow{began: make(chan struct{}), end: make(chan struct{})}
	h := newHouse(t, held)

	send := func(body string, length int64) int {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.server.URL+"/v1/slow", strings.NewReader(body))
		if err != nil {
			t.Error(err)

			return 0
		}

		request.ContentLength = length
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer app")

		response, err := h.server.Client().Do(request)
		if err != nil {
			t.Error(err)

			return 0
		}

		if response.Body.Close() != nil {
			t.Error("the answer broke off")
		}

		return response.StatusCode
	}

	const waits, quick = `{"name":"waits"}`, `{"name":"quick"}`

	var all sync.WaitGroup

	// Of unknown length, each may be as long as a quarter of the room.
	for range 4 {
		all.Go(func() {
			if got := send(waits, -1); got != http.StatusNoContent {
				t.Errorf("one that had room: %d", got)
			}
		})
	}

	for range 4 {
		<-held.began
	}

	got := h.do("app", http.MethodPost, "/v1/slow", quick)
	if got.status != http.StatusServiceUnavailable || got.problem(t).Code != failure.TooBusy || got.headers.Get("Retry-After") == "" {
		t.Errorf("one without room: %d %v %s", got.status, got.headers, got.body)
	}

	if got := h.do("", http.MethodGet, "/healthz", ""); got.status != http.StatusNoContent {
		t.Errorf("/healthz: %d %s", got.status, got.body)
	}

	close(held.end)
	all.Wait()

	for range 5 { // what was refused holds nothing
		if got := send(quick, int64(len(quick))); got != http.StatusNoContent {
			t.Errorf("afterwards: %d", got)
		}
	}
}
