package main

import (
	"net/http"
	"testing"

	"steward/internal/failure"
)

func TestTheHouseStands(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	for path, status := range map[string]int{
		"/healthz": http.StatusOK, "/readyz": http.StatusOK, "/openapi.json": http.StatusOK, "/docs": http.StatusOK,
		"/v1/promises": http.StatusUnauthorized, "/": http.StatusNotFound, "//healthz": http.StatusNotFound, "/v1/..": http.StatusNotFound,
	} {
		got := h.do("", http.MethodGet, path, "")
		if got.status != status || got.headers.Get("X-Request-ID") == "" || got.headers.Get("Set-Cookie") != "" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}

		if status >= http.StatusBadRequest && got.problem(t).RequestID != got.headers.Get("X-Request-ID") {
			t.Errorf("%s: %s", path, got.body)
		}
	}

	if got := h.do("auditor", http.MethodGet, "/v1/promises", ""); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}

	if got := h.do("", http.MethodDelete, "/healthz", ""); got.status != http.StatusMethodNotAllowed || got.headers.Get("Allow") != "GET, HEAD" ||
		got.problem(t).Code != failure.MethodWrong {
		t.Errorf("%d %s", got.status, got.body)
	}

	h.service.health.end()

	if got := h.do("", http.MethodGet, "/readyz", ""); got.status != http.StatusServiceUnavailable || !got.last {
		t.Errorf("%d %s %s", got.status, got.headers, got.body)
	}
}
