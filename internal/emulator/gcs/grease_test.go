package gcs_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/storage"

	"steward/internal/emulator/gcs/gcstest"
)

func (w *world) raw(t *testing.T, path string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.URL()+path, http.NoBody)
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	body, err := io.ReadAll(response.Body)
	must(t, err)
	must(t, response.Body.Close())
	return response.StatusCode, string(body)
}

// TestGrease: the same resource looks different each time, holds members that nobody knows, and leaves
// alone what belongs to the user.
func TestGrease(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a"), []byte("1"))
	must(t, err)
	_, err = b.Object("a").Update(t.Context(), storage.ObjectAttrsToUpdate{Metadata: map[string]string{"k": "v"}})
	must(t, err)
	_, first := w.raw(t, "b/backups/o/a")
	_, second := w.raw(t, "b/backups/o/a")
	if first == second || !strings.Contains(first, "xGrease") {
		t.Errorf("no grease: %s", first)
	}
	var object struct{ Metadata map[string]string }
	must(t, json.Unmarshal([]byte(first), &object))
	if len(object.Metadata) != 1 {
		t.Errorf("metadata %v", object.Metadata)
	}
}

// TestUnknownIsRefused: what the emulator does not do, it says.
func TestUnknownIsRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	for _, path := range []string{"b/backups/iam", "b/backups/o?matchGlob=x", "b/backups/o?filter=x", "b?project=p&softDeleted=true", "projects/p/serviceAccount"} {
		if status, body := w.raw(t, path); status != http.StatusBadRequest || !strings.Contains(body, "notImplemented") {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, path := range []string{
		"b/backups/o?maxResults=0", "b/backups/o?pageToken=%25", "b/backups/o?versions=true&softDeleted=true",
		"b/backups/o/a?generation=x", "b/backups/o/a?ifGenerationMatch=x", "b/backups/o/a?softDeleted=true",
	} {
		if status, body := w.raw(t, path); status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	wantStatus(t, w.client.Bucket("UPPER").Create(t.Context(), "project", nil), http.StatusBadRequest)
	wantStatus(t, b.Create(t.Context(), "project", nil), http.StatusConflict)
	_, err := b.IAM().Policy(t.Context())
	wantStatus(t, err, http.StatusBadRequest)
}

func TestBucketsAreListedAndDeleted(t *testing.T) {
	t.Parallel()
	server := gcstest.Start(t, gcstest.NewClock(epoch))
	client := server.Client(t)
	for _, name := range []string{"one", "two", "three"} {
		must(t, client.Bucket(name).Create(t.Context(), "project", nil))
	}
	must(t, client.Bucket("elsewhere").Create(t.Context(), "other", nil))
	// A bucket with nothing but soft-deleted objects may go.
	_, err := put(t.Context(), client.Bucket("two").Object("a"), []byte("1"))
	must(t, err)
	must(t, client.Bucket("two").Object("a").Delete(t.Context()))
	must(t, client.Bucket("two").Delete(t.Context()))
	server.Restart(t)
	buckets := client.Buckets(t.Context(), "project")
	buckets.PageInfo().MaxSize = 1
	var got []string
	for {
		attrs, err := buckets.Next()
		if err != nil {
			break
		}
		got = append(got, attrs.Name)
	}
	if strings.Join(got, " ") != "one three" {
		t.Errorf("buckets: %v", got)
	}
}
