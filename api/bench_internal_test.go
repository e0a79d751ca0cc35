package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// BenchmarkOneSign brings one sign of life in a call through the whole pipeline,
// without a network and without fsync; 32 callers share commits.
func BenchmarkOneSign(b *testing.B) {
	h := newHouse(b)
	b.SetParallelism(16)

	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			request := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/v1/interactions",
				strings.NewReader(`{"interactions":[{"account":"42"}]}`))
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", "Bearer app")

			recorder := httptest.NewRecorder()
			h.service.handler.ServeHTTP(recorder, request)

			if recorder.Code != http.StatusOK {
				b.Errorf("%d %s", recorder.Code, recorder.Body)

				return
			}
		}
	})
}
