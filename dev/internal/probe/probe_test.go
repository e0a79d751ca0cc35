package probe_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"steward/dev/internal/probe"
)

func TestProbeTellsWellFromBadlyAndNotAtAll(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(status)
	}))
	address := server.Listener.Addr().String()
	if err := probe.HTTP(t.Context(), server.URL); err != nil {
		t.Errorf("well: %v", err)
	}
	if err := probe.TCP(t.Context(), address); err != nil {
		t.Errorf("listening: %v", err)
	}
	status = http.StatusServiceUnavailable
	if err := probe.HTTP(t.Context(), server.URL); !errors.Is(err, probe.ErrStatus) {
		t.Errorf("badly: got %v, want ErrStatus", err)
	}
	server.Close()
	if err := probe.HTTP(t.Context(), server.URL); err == nil || errors.Is(err, probe.ErrStatus) {
		t.Errorf("not at all: got %v", err)
	}
	if err := probe.TCP(t.Context(), address); err == nil {
		t.Error("nobody listens, and it answers")
	}
}
