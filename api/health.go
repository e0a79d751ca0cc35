package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/metrics"
)

// health answers whether this process lives, and whether it can work. Both are public:
// they say nothing but fixed words.
type health struct{ ready *readiness }

func (h health) register(r *router) {
	register(r, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Tags: []string{"service"},
		Summary:     "Does this process live?",
		Description: "Answers as long as the process answers at all; a supervisor restarts it when it does not. It looks at nothing else.",
	}, h.alive)
	register(r, huma.Operation{
		OperationID: "get-readiness", Method: http.MethodGet, Path: "/readyz", Tags: []string{"service"},
		Summary:     "Can this process work?",
		Description: "200 when everything that it needs is there, 503 with what is missing and why when not, or while it is ending.",
		Responses: map[string]*huma.Response{strconv.Itoa(http.StatusServiceUnavailable): {
			Description: "Not ready; the body says why.",
			Content: map[string]*huma.MediaType{"application/json": {
				Schema: &huma.Schema{Ref: "#/components/schemas/Report"},
			}},
		}},
	}, h.able)
}

type aliveAnswer struct {
	Body struct {
		Alive bool `json:"alive" doc:"Always true."`
	}
}

func (health) alive(context.Context, *struct{}) (*aliveAnswer, error) {
	out := &aliveAnswer{}
	out.Body.Alive = true

	return out, nil
}

type readyAnswer struct {
	Status int
	Body   metrics.Report
}

func (h health) able(ctx context.Context, _ *struct{}) (*readyAnswer, error) {
	out := &readyAnswer{Status: http.StatusOK, Body: metrics.ReportOf(h.ready.look(ctx))}
	if !out.Body.Healthy {
		out.Status = http.StatusServiceUnavailable
	}

	return out, nil
}
