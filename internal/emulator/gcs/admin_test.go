package gcs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"steward/internal/emulator/gcs"
)

// admin calls a route of the emulator's own.
func (w *world) admin(t *testing.T, method, route, body string, answer any) int {
	t.Helper()
	url := strings.TrimSuffix(w.URL(), "storage/v1/") + "_emulator/" + route
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	raw, err := io.ReadAll(response.Body)
	must(t, err)
	must(t, response.Body.Close())
	if answer != nil {
		must(t, json.Unmarshal(raw, answer))
	}
	return response.StatusCode
}

func TestAdministration(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	var added struct{ ID int }
	w.admin(t, http.MethodPost, "faults", `{"operation":"object.get","prefix":"a","mode":"403"}`, &added)
	var set []gcs.Fault
	w.admin(t, http.MethodGet, "faults", "", &set)
	if len(set) != 1 || set[0].ID != added.ID || set[0].Mode != gcs.ModeForbidden || set[0].Count != 1 {
		t.Fatalf("faults: %+v", set)
	}
	_, err := b.Object("b").Attrs(t.Context())
	wantStatus(t, err, http.StatusNotFound) // another prefix
	_, err = b.Object("a").Attrs(t.Context())
	wantStatus(t, err, http.StatusForbidden)
	var stats gcs.Stats
	w.admin(t, http.MethodGet, "stats", "", &stats)
	if len(stats.Cells) != len(gcs.Operations())*len(gcs.Modes()) {
		t.Errorf("%d cells", len(stats.Cells))
	}
	for _, cell := range stats.Cells {
		hit := cell.Operation == gcs.OpObjectGet && cell.Mode == gcs.ModeForbidden
		if hit != (cell.Reached == 1) {
			t.Errorf("cell %+v", cell)
		}
	}
	last := stats.Requests[len(stats.Requests)-1]
	if last.Bucket != "backups" || last.Object != "a" || last.Status != http.StatusForbidden || last.Fault != gcs.ModeForbidden {
		t.Errorf("log: %+v", last)
	}
	w.admin(t, http.MethodPost, "faults", `{"mode":"503-before","count":-1}`, nil)
	w.admin(t, http.MethodDelete, "faults", "", &set)
	if len(set) != 0 {
		t.Errorf("faults after clearing: %+v", set)
	}
}

func TestAdministrationRefuses(t *testing.T) {
	t.Parallel()
	w := start(t)
	for _, body := range []string{"", `{"mode":"none"}`, `{"mode":"403","operation":"none"}`, `{"mode":"slow"}`, `{"typo":1}`} {
		if status := w.admin(t, http.MethodPost, "faults", body, nil); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", body, status)
		}
	}
	if status := w.admin(t, http.MethodGet, "none", "", nil); status != http.StatusNotFound {
		t.Errorf("status %d", status)
	}
	if status := w.admin(t, http.MethodPost, "release", "", nil); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
}

// TestRequestLogIsBounded also shows that no content is in it.
func TestRequestLogIsBounded(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a"), []byte("canary-content"))
	must(t, err)
	raw, err := json.Marshal(w.Requests())
	must(t, err)
	if strings.Contains(string(raw), "canary-content") || !strings.Contains(string(raw), `"object":"a"`) {
		t.Errorf("log: %s", raw)
	}
}
