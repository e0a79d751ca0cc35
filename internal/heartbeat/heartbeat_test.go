package heartbeat_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/heartbeat"
	"steward/internal/policy"
	"steward/internal/promise"
)

// canary stands in every URL of these tests and must never come out.
const canary = "s3cr3t-canary"

func parse(t *testing.T, text string) heartbeat.URL {
	t.Helper()

	at, err := heartbeat.ParseURL(text)
	if err != nil {
		t.Fatal(err)
	}

	return at
}

func pinger() *heartbeat.Pinger {
	return heartbeat.New(faults.Transport{Base: http.DefaultTransport}, 0)
}

func TestPing(t *testing.T) {
	t.Parallel()

	for status, code := range map[int]failure.Code{
		http.StatusOK: "", http.StatusNoContent: "", http.StatusMultipleChoices: failure.HeartbeatFailed,
		http.StatusFound: failure.HeartbeatFailed, http.StatusNotFound: failure.HeartbeatFailed,
		http.StatusServiceUnavailable: failure.HeartbeatFailed,
	} {
		var calls atomic.Int32

		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)

			if r.URL.Path != "/"+canary || r.Method != http.MethodGet {
				t.Errorf("%s %s", r.Method, r.URL)
			}

			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(status)
		}))
		t.Cleanup(server.Close)

		err := pinger().Ping(t.Context(), parse(t, server.URL+"/"+canary))
		if failure.CodeOf(err) != code || calls.Load() != 1 {
			t.Errorf("%d: %v after %d calls", status, err, calls.Load())
		}

		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%d: the URL came out: %v", status, err)
		}
	}
}

func TestSilence(t *testing.T) {
	t.Parallel()

	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))

	defer server.Close()
	defer close(release)

	at := parse(t, server.URL+"/"+canary)
	gone := httptest.NewServer(http.NotFoundHandler())
	nobody := parse(t, gone.URL+"/"+canary)
	gone.Close()

	for name, err := range map[string]error{
		"no answer in time": heartbeat.New(http.DefaultTransport, 1e-9).Ping(t.Context(), at),
		"nobody there":      pinger().Ping(t.Context(), nobody),
		"no URL":            pinger().Ping(t.Context(), heartbeat.URL{}),
	} {
		if !failure.Is(err, failure.HeartbeatFailed) || strings.Contains(err.Error(), canary) || strings.Contains(err.Error(), "127.0.0.1") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheURLNeverComesOut(t *testing.T) {
	t.Parallel()

	at := parse(t, "https://beats.example/"+canary)

	var out bytes.Buffer

	fmt.Fprintf(&out, "%v %+v %#v %s %q", at, at, at, at, at)
	slog.New(slog.NewJSONHandler(&out, nil)).InfoContext(t.Context(), "x", "url", at, "urls", map[string]heartbeat.URL{"a": at})

	if err := json.NewEncoder(&out).Encode(at); err != nil {
		t.Fatal(err)
	}

	if strings.Contains(out.String(), canary) || !strings.Contains(out.String(), "(secret)") {
		t.Error(out.String())
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()

	for text, good := range map[string]bool{
		"https://beats.example/x": true, "http://127.0.0.1:80/x": true, "http://[::1]/x": true, "http://localhost/x": true,
		"http://beats.example/" + canary: false, "ftp://127.0.0.1/" + canary: false, canary: false, "": false,
		"https:///" + canary: false, "https://%zz/" + canary: false,
	} {
		_, err := heartbeat.ParseURL(text)
		if (err == nil) != good || err != nil && (strings.Contains(err.Error(), canary) || !failure.Is(err, failure.ConfigInvalid)) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestFromEnv(t *testing.T) {
	t.Parallel()

	rules := &policy.Policy{Heartbeats: []policy.Heartbeat{
		{Promise: promise.Backups, URLEnv: "BEAT_BACKUPS"},
		{Promise: promise.Ledger, URLEnv: "BEAT_LEDGER"},
		{Promise: promise.Erasure, URLEnv: "BEAT_ERASURE"},
	}}
	variables := map[string]string{"BEAT_BACKUPS": "https://beats.example/" + canary, "BEAT_ERASURE": ""}
	lookup := func(name string) (string, bool) {
		value, set := variables[name]

		return value, set
	}

	urls, missing, err := heartbeat.FromEnv(rules, lookup)
	if err != nil || len(urls) != 1 || urls[promise.Backups] == (heartbeat.URL{}) || !slices.Equal(missing, []promise.Name{promise.Ledger, promise.Erasure}) {
		t.Errorf("%v, %v, %v", urls, missing, err)
	}

	variables["BEAT_LEDGER"] = "http://beats.example/" + canary

	_, _, err = heartbeat.FromEnv(rules, lookup)
	if !failure.Is(err, failure.ConfigInvalid) || !strings.Contains(err.Error(), "BEAT_LEDGER") || strings.Contains(err.Error(), canary) {
		t.Error(err)
	}
}
