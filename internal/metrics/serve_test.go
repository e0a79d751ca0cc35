package metrics_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	sdklog "go.temporal.io/sdk/log"

	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/metrics"
)

func slogger() sdklog.Logger {
	return sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
}

// serve runs a server until the test ends, and gives its address.
func serve(t *testing.T, health metrics.Health) string {
	t.Helper()

	server, err := metrics.Listen(t.Context(), "127.0.0.1:0", newMetrics(t, clocks.Fixed(start())).Registry(), health)
	if err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)

	go func() { ended <- server.Run(ctx) }()

	t.Cleanup(func() {
		cancel()

		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
	})

	return "http://" + server.Address()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}

	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}

	return response.StatusCode, string(text)
}

func TestServe(t *testing.T) {
	t.Parallel()

	at := serve(t, func(context.Context) []metrics.Check { return []metrics.Check{{Name: "steward database"}} })

	if status, text := get(t, at+"/metrics"); status != http.StatusOK || !strings.Contains(text, "steward_build_info") || !strings.Contains(text, "go_goroutines") {
		t.Errorf("%d %s", status, text)
	}

	if status, text := get(t, at+"/healthz"); status != http.StatusOK || strings.TrimSpace(text) != `{"healthy":true,"checks":[{"name":"steward database","healthy":true}]}` {
		t.Errorf("%d %s", status, text)
	}

	if status, _ := get(t, at+"/debug/pprof/"); status != http.StatusNotFound {
		t.Errorf("something else is served: %d", status)
	}
}

func TestUnhealthy(t *testing.T) {
	t.Parallel()

	at := serve(t, func(ctx context.Context) []metrics.Check {
		if _, limited := ctx.Deadline(); !limited {
			t.Error("checks may take forever")
		}

		return []metrics.Check{
			{Name: "steward database"},
			{Name: "Temporal", Err: failure.Wrap(failure.TemporalUnavailable, "asking "+canary, errors.New(canary))},
			{Name: "bucket", Err: errors.New(canary)},
		}
	})

	status, text := get(t, at+"/healthz")

	var report metrics.Report
	if err := json.Unmarshal([]byte(text), &report); err != nil || status != http.StatusServiceUnavailable || report.Healthy || len(report.Checks) != 3 {
		t.Fatalf("%d %s %v", status, text, err)
	}

	temporal, bucket := report.Checks[1], report.Checks[2]
	if !report.Checks[0].Healthy || temporal.Healthy || temporal.Code != failure.TemporalUnavailable || temporal.Reason == "" || temporal.Hint == "" ||
		bucket.Code != failure.Internal || strings.Contains(text, canary) {
		t.Error(text)
	}
}

func TestLoopbackOnly(t *testing.T) {
	t.Parallel()

	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "example.com:0", "localhost:0", "10.0.0.1:0", "127.0.0.1", "", "127.0.0.1:99999"} {
		if server, err := metrics.Listen(t.Context(), address, nil, nil); !failure.Is(err, failure.ConfigInvalid) {
			t.Errorf("%s: %v, %v", address, server, err)
		}
	}
}

func TestATakenPort(t *testing.T) {
	t.Parallel()

	at := strings.TrimPrefix(serve(t, nil), "http://")
	if server, err := metrics.Listen(t.Context(), at, nil, nil); !failure.Is(err, failure.ConfigInvalid) {
		t.Error(server, err)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()

	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()

	server, err := metrics.Listen(ctx, "127.0.0.1:0", newMetrics(t, clocks.Fixed(start())).Registry(), nil)
	if err != nil {
		t.Fatal(err)
	}

	if err := server.Run(ctx); err != nil {
		t.Error(err)
	}

	// It serves once.
	if err := server.Run(t.Context()); !errors.Is(err, http.ErrServerClosed) {
		t.Error(err)
	}
}
