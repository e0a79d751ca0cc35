package main

import (
	"context"
	"net/http"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/failure"
	"steward/internal/metrics"
)

// health answers whether this process lives, and whether it can work. Both are public:
// they say nothing but fixed words.
type health struct{ ready *readiness }

func (h health) register(r *router) {
	register(r, huma.Operation{
		OperationID: "get-health", Method: http.MethodGet, Path: "/healthz", Tags: []string{tagService},
		Summary:     "Does this process live?",
		Description: "Answers as long as the process answers at all; a supervisor restarts it when it does not. It looks at nothing else.",
	}, h.alive)
	register(r, huma.Operation{
		OperationID: "get-readiness", Method: http.MethodGet, Path: "/readyz", Tags: []string{tagService},
		Summary:     "Can this process work?",
		Description: "200 when everything that it needs is there, 503 with what is missing and why when not, or while it is ending.",
		Responses: map[string]*huma.Response{strconv.Itoa(http.StatusServiceUnavailable): {
			Description: "Not ready; the body says why.",
			Content: map[string]*huma.MediaType{jsonMedia: {
				Schema: &huma.Schema{Ref: "#/components/schemas/ReadyView"},
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

// readyView says what this process needs and whether it is there.
type readyView struct {
	Ready  bool        `json:"ready" doc:"Everything is there."`
	Checks []checkView `json:"checks" maxItems:"20" doc:"One for each thing that this process needs."`
}

// checkView is one thing that this process needs.
type checkView struct {
	Name   string       `json:"name" maxLength:"80" doc:"What it is."`
	Ready  bool         `json:"ready" doc:"It is there."`
	Code   failure.Code `json:"code,omitempty" maxLength:"60" doc:"Why it is not."`
	Reason string       `json:"reason,omitempty" maxLength:"200" doc:"The fixed text of the code."`
	Hint   string       `json:"hint,omitempty" maxLength:"500" doc:"What to do."`
}

type readyAnswer struct {
	Status int
	Body   readyView
}

func (h health) able(ctx context.Context, _ *struct{}) (*readyAnswer, error) {
	report := metrics.ReportOf(h.ready.look(ctx))

	out := &readyAnswer{Status: http.StatusOK, Body: readyView{Ready: report.Healthy, Checks: []checkView{}}}
	if !report.Healthy {
		out.Status = http.StatusServiceUnavailable
	}

	for _, each := range report.Checks {
		out.Body.Checks = append(out.Body.Checks, checkView{
			Name: each.Name, Ready: each.Healthy, Code: each.Code, Reason: each.Reason, Hint: each.Hint,
		})
	}

	return out, nil
}
