package gcs_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"steward/internal/emulator/gcs"
	"steward/internal/emulator/gcs/gcstest"
)

func newServer(t *testing.T) *gcs.Server {
	t.Helper()
	server, err := gcs.New(gcs.Config{Dir: t.TempDir(), Clock: gcstest.NewClock(epoch)})
	must(t, err)
	return server
}

// local is a request as from this machine, without a connection.
func local(method, target, body string) *http.Request {
	request := httptest.NewRequest(method, target, strings.NewReader(body))
	request.RemoteAddr = "127.0.0.1:1"
	return request
}

func TestServe(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0") // closed by Serve
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	_, err = server.InjectFault(gcs.Fault{Mode: gcs.ModeStall})
	must(t, err)
	dropped := make(chan error, 1)
	go func() {
		response, err := http.Get("http://" + listener.Addr().String() + "/storage/v1/b") // ends with Serve
		if err == nil {
			err = response.Body.Close()
		}
		dropped <- err
	}()
	eventually(t, "the request stalls", func() bool { return server.Stalled() == 1 })
	cancel() // a stall does not hold up the end
	must(t, <-ended)
	if err := <-dropped; err == nil {
		t.Error("the stalled request was answered")
	}
	outside, err := net.Listen("tcp", "0.0.0.0:0") //nolint:gosec // refused and closed by Serve
	must(t, err)
	if err := server.Serve(t.Context(), outside); err == nil {
		t.Error("served beyond loopback")
	}
}

func TestOnlyLoopbackIsAnswered(t *testing.T) {
	t.Parallel()
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/storage/v1/b", http.NoBody)
	request.RemoteAddr = "192.0.2.1:1"
	newServer(t).Handler().ServeHTTP(recorder, request)
	if recorder.Code != http.StatusForbidden {
		t.Errorf("status %d", recorder.Code)
	}
}

func TestRequestLogKeepsTheNewest(t *testing.T) {
	t.Parallel()
	server := newServer(t)
	handler := server.Handler()
	const kept, sent = 4096, 4100
	for i := range sent {
		handler.ServeHTTP(httptest.NewRecorder(), local(http.MethodGet, fmt.Sprintf("/storage/v1/b/none/o/%d", i), ""))
	}
	log := server.Requests()
	if len(log) != kept || log[0].Object != "4" || log[kept-1].Object != "4099" {
		t.Errorf("%d entries, %s to %s", len(log), log[0].Object, log[len(log)-1].Object)
	}
}

// TestHandMadeUploads: what the official client never sends.
func TestHandMadeUploads(t *testing.T) {
	t.Parallel()
	handler := newServer(t).Handler()
	send := func(method, target, contentType, body string) int {
		recorder := httptest.NewRecorder()
		request := local(method, target, body)
		request.Header.Set("Content-Type", contentType)
		handler.ServeHTTP(recorder, request)
		return recorder.Code
	}
	if got := send(http.MethodPost, "/storage/v1/b?project=p", "application/json", `{"name":"bucket"}`); got != http.StatusOK {
		t.Fatalf("bucket: %d", got)
	}
	const upload = "/upload/storage/v1/b/bucket/o?uploadType="
	whole := "--x\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}\r\n--x\r\nContent-Type: text/plain\r\n\r\nhello\r\n--x--\r\n"
	for _, c := range []struct {
		target, contentType, body string
		want                      int
	}{
		{"media&name=m", "text/plain", "hello", http.StatusOK},
		{"media", "text/plain", "hello", http.StatusBadRequest}, // no name
		{"other&name=m", "text/plain", "hello", http.StatusBadRequest},
		{"multipart", "multipart/related; boundary=x", whole, http.StatusOK},
		{"multipart", "multipart/related; boundary=x", whole[:len(whole)-10], http.StatusBadRequest}, // cut short
		{"multipart", "multipart/related; boundary=x", "", http.StatusBadRequest},
		{"multipart", "multipart/related", whole, http.StatusBadRequest},
		{"multipart", "multipart/related; boundary=x", strings.Replace(whole, `{"name"`, `{name`, 1), http.StatusBadRequest},
		{"resumable", "application/json", `{}`, http.StatusBadRequest}, // no name
	} {
		if got := send(http.MethodPost, upload+c.target, c.contentType, c.body); got != c.want {
			t.Errorf("%s %q: status %d, want %d", c.target, c.body, got, c.want)
		}
	}
	for target, want := range map[string]int{
		"/bucket/m": http.StatusOK, "/bucket/none": http.StatusNotFound, "/bucket": http.StatusBadRequest,
		"/storage/v1/b/bucket/o/m?ifGenerationNotMatch=0":     http.StatusOK,
		"/storage/v1/b/bucket/o/m?ifMetagenerationNotMatch=1": http.StatusNotModified,
		"/storage/v1/b/bucket?ifMetagenerationMatch=2":        http.StatusPreconditionFailed,
	} {
		if got := send(http.MethodGet, target, "", ""); got != want {
			t.Errorf("%s: status %d, want %d", target, got, want)
		}
	}
}

func TestCustomerKeysAreRefused(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	_, err := put(t.Context(), b.Object("a").Key(bytes.Repeat([]byte{1}, 32)), []byte("1"))
	wantStatus(t, err, http.StatusBadRequest)
	wantCensus(t, b, 0, 0, 0)
}

// TestCommitWithoutSessionRecord is a crash between the two writes of a finish: the object is committed, the
// session does not know it yet. The client's retry is answered with the object and makes no second one.
func TestCommitWithoutSessionRecord(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	s := w.session(t, "a", "")
	s.want("200", http.MethodPut, "bytes 0-4/5", []byte("hello"))
	records, err := filepath.Glob(filepath.Join(w.Dir(), "sessions", "*.json"))
	must(t, err)
	raw, err := os.ReadFile(records[0])
	must(t, err)
	var record map[string]any
	must(t, json.Unmarshal(raw, &record))
	if record["done"] == nil {
		t.Fatal("the session is not done")
	}
	delete(record, "done")
	raw, err = json.Marshal(record)
	must(t, err)
	must(t, os.WriteFile(records[0], raw, 0o600))
	w.Restart(t)
	s.want("200", http.MethodPut, "bytes 0-4/5", []byte("hello"))
	wantContent(t, b.Object("a"), []byte("hello"))
	wantCensus(t, b, 1, 1, 0)
}
