package main

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/clocks"
	"steward/internal/doctor/doctortest"
	"steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/metrics"
	"steward/internal/pgtest"
	"steward/internal/replay"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// What nobody knows in the bucket of replay records is a gauge, and so is when somebody looked: a look that failed is none.
func TestTheSweepShowsWhatNobodyKnows(t *testing.T) {
	t.Parallel()

	var log bytes.Buffer

	world, now := doctortest.New(t), clocks.System().Now().AddDate(0, 0, 3)
	bucket := world.Storage.Bucket("replays")
	p := &process{
		config: world.Config, policy: world.Policy, steward: world.Steward, clock: clocks.Fixed(now), log: slog.New(slog.NewTextHandler(&log, nil)),
		metrics: metrics.New(metrics.Options{Clock: clocks.Fixed(now), Policy: world.Policy}),
	}
	records := replay.Records{Bucket: bucket, Catalogue: replay.Catalogue{DB: world.Steward}}
	shown := func() string {
		t.Helper()

		answer := httptest.NewRecorder()
		promhttp.HandlerFor(p.metrics.Registry(), promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", http.NoBody))

		return answer.Body.String()
	}

	p.sweepOnce(t.Context(), records)

	if text := shown(); strings.Contains(text, "steward_replay_") {
		t.Errorf("a bucket that is not there was looked through:\n%s", text)
	}

	if _, err := bucket.Create(t.Context(), gcs.Settings{Location: "EU"}); err != nil {
		t.Fatal(err)
	}

	p.sweepOnce(t.Context(), records)

	if text := shown(); !strings.Contains(text, "steward_replay_unknown_objects 0\n") {
		t.Error(text)
	}

	name := replay.Object(ids.New("era"))
	if _, err := bucket.Put(t.Context(), name, strings.NewReader("sealed"), gcs.PutOptions{Expect: 6}); err != nil {
		t.Fatal(err)
	}

	p.clock = clocks.Fixed(now.Add(time.Hour))
	p.sweepOnce(t.Context(), records)

	if text := shown(); !strings.Contains(text, "steward_replay_unknown_objects 1\n") || !strings.Contains(log.String(), "replay_unknown") {
		t.Errorf("%s\n%s", log.String(), text)
	}

	if text := log.String(); strings.Contains(text, name) {
		t.Error(text)
	}
}
