package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRunServesAndStops(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	urlFile := filepath.Join(dir, "url")
	ctx, cancel := context.WithCancel(t.Context())
	var logs bytes.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"--dir", filepath.Join(dir, "state"), "--url-file", urlFile, "--clock", filepath.Join(dir, "clock")}, &logs)
	}()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, awaitURL(t, urlFile)+"/storage/v1/b?project=p", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Body.Close(); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("status %d, %v", answer.StatusCode, err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if got := logs.String(); !strings.Contains(got, "answers") || !strings.Contains(got, "stopped") {
		t.Errorf("logs: %s", got)
	}
}

// awaitURL polls for the file that says that the emulator listens.
func awaitURL(t *testing.T, path string) string {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	deadline := time.After(10 * time.Second)
	for {
		if raw, err := os.ReadFile(path); err == nil {
			return strings.TrimSpace(string(raw))
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("the emulator did not announce itself")
		}
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"no directory":    {},
		"unknown flag":    {"--dir", t.TempDir(), "--nonsense"},
		"not on loopback": {"--dir", t.TempDir(), "--listen", "0.0.0.0:0"},
		"no such address": {"--dir", t.TempDir(), "--listen", "nowhere"},
		"directory taken": {"--dir", "/dev/null/x"},
		"url file":        {"--dir", t.TempDir(), "--url-file", "/dev/null/x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := run(t.Context(), args, &bytes.Buffer{}); err == nil {
				t.Error("no error")
			}
		})
	}
}
