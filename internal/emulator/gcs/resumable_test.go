package gcs_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// session speaks the resumable protocol by hand: what the official client never sends must be answered too.
type session struct {
	t   *testing.T
	url string
}

func (w *world) session(t *testing.T, object, resource string) session {
	t.Helper()
	base := strings.Replace(w.URL(), "/storage/v1/", "/upload/storage/v1/b/backups/o?uploadType=resumable&name=", 1)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+object, strings.NewReader(resource))
	must(t, err)
	response, err := http.DefaultClient.Do(request)
	must(t, err)
	must(t, response.Body.Close())
	return session{t, response.Header.Get("Location")}
}

// send returns the status and the Range header of the answer, then its body.
func (s session) send(method, contentRange string, body []byte, headers ...string) (string, string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url, bytes.NewReader(body))
	must(s.t, err)
	if contentRange != "" {
		request.Header.Set("Content-Range", contentRange)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	request.Close = true // the emulator may restart before the next request
	response, err := http.DefaultTransport.RoundTrip(request)
	must(s.t, err)
	text, err := io.ReadAll(response.Body)
	must(s.t, err)
	must(s.t, response.Body.Close())
	return strings.TrimSpace(fmt.Sprint(response.StatusCode, " ", response.Header.Get("Range"))), string(text)
}

func (s session) want(answer, method, contentRange string, body []byte, headers ...string) {
	s.t.Helper()
	if got, text := s.send(method, contentRange, body, headers...); got != answer {
		s.t.Errorf("%s %q: got %q, want %q: %s", method, contentRange, got, answer, text)
	}
}

func TestResumableProtocol(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	content := pattern(2*quantum + 5)
	s := w.session(t, "a", `{"metadata":{"k":"v"}}`)
	s.want("308", http.MethodPut, "bytes */*", nil)
	s.want("400", http.MethodPut, "bytes 262144-524287/*", content[quantum:2*quantum]) // a gap
	s.want("400", http.MethodPut, "bytes 0-99/*", content[:100])                       // no whole quantum
	s.want("308 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", content[:quantum])
	s.want("308 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", content[:quantum])        // sent again
	s.want("308 bytes=0-524287", http.MethodPut, "bytes 0-524287/*", content[:2*quantum])      // overlaps
	s.want("308 bytes=0-524287", http.MethodPut, "bytes 0-524287/*", make([]byte, 524288))     // lies about known bytes
	s.want("308 bytes=0-524287", http.MethodPut, fmt.Sprintf("bytes */%d", len(content)), nil) // query
	s.want("400", http.MethodPut, "bytes */100", nil)
	s.want("400", http.MethodPut, "bytes 524288-524292/524300", content[2*quantum:]) // neither last nor a quantum
	s.want("400", http.MethodPut, "bytes 524288-524293/524294", content[2*quantum:]) // announces one more byte
	for _, wrong := range []string{"bytes", "bytes x/1", "bytes 5-1/6", "bytes 0-9/5", "octets 0-1/2", "bytes 1/2", "bytes */x", "bytes a-1/2", "bytes 1-b/2"} {
		s.want("400", http.MethodPut, wrong, nil)
	}
	s.want("200", http.MethodPost, "bytes 524288-524292/524293", content[2*quantum:])
	s.want("200", http.MethodPost, "bytes 524288-524292/524293", content[2*quantum:]) // answered again
	s.want("200", http.MethodPut, "bytes */*", nil)
	wantContent(t, b.Object("a"), content)
	wantCensus(t, b, 1, 1, 0)
}

func TestResumableAnswersWithout308(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.bucket(t, noSoftDelete())
	s := w.session(t, "a", "")
	s.want("200 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", pattern(quantum), "X-GUploader-No-308", "yes")
}

func TestResumableWholeObjectWithoutRange(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	content := pattern(quantum + 9)
	s := w.session(t, "a", "")
	s.want("308 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", content[:quantum])
	s.want("400", http.MethodPut, "", content[:10])
	s.want("200", http.MethodPut, "", content)
	wantContent(t, b.Object("a"), content)
}

func TestResumableCancel(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	s := w.session(t, "a", "")
	s.want("308 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", pattern(quantum))
	s.want("499", http.MethodDelete, "", nil)
	s.want("404", http.MethodDelete, "", nil)
	s.want("404", http.MethodPut, "bytes */262144", nil)
	wantCensus(t, b, 0, 0, 0)
}

func TestResumableChecksums(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	for _, headers := range [][]string{
		{"X-Goog-Hash", "crc32c=AAAAAA=="}, {"X-Goog-Hash", "md5=AAAAAAAAAAAAAAAAAAAAAA=="}, {"Content-MD5", "%"},
	} {
		s := w.session(t, "a", "")
		s.want("400", http.MethodPut, "bytes 0-4/5", []byte("hello"), headers...)
		s.want("404", http.MethodPut, "bytes 0-4/5", []byte("hello")) // the session is over
	}
	s := w.session(t, "a", `{"crc32c":"AAAAAA=="}`)
	s.want("400", http.MethodPut, "bytes 0-4/5", []byte("hello"))
	wantCensus(t, b, 0, 0, 0)
	s = w.session(t, "a", "")
	s.want("200", http.MethodPut, "bytes 0-4/5", []byte("hello"), "X-Goog-Hash", "crc32c=mnG7TA==,md5=XUFAKrxLKna5cZ2REBfFkg==")
}

func TestResumableSessionExpires(t *testing.T) {
	t.Parallel()
	w := start(t)
	w.bucket(t, noSoftDelete())
	s := w.session(t, "a", "")
	w.clock.Advance(7*24*time.Hour - time.Microsecond)
	s.want("308 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", pattern(quantum))
	w.clock.Advance(time.Microsecond)
	must(t, w.Tick())
	s.want("404", http.MethodPut, "bytes */*", nil)
}

// TestResumableSurvivesRestart: acknowledged quanta are there after a crash, and a commit that the client
// did not hear of is answered instead of made twice.
func TestResumableSurvivesRestart(t *testing.T) {
	t.Parallel()
	w := start(t)
	b := w.bucket(t, noSoftDelete())
	content := pattern(quantum + 5)
	s := w.session(t, "a", "")
	s.want("308 bytes=0-262143", http.MethodPut, "bytes 0-262143/*", content[:quantum])
	w.Restart(t)
	s.want("308 bytes=0-262143", http.MethodPut, "bytes */*", nil)
	s.want("200", http.MethodPut, "bytes 262144-262148/262149", content[quantum:])
	w.Restart(t)
	s.want("200", http.MethodPut, "bytes 262144-262148/262149", content[quantum:])
	wantContent(t, b.Object("a"), content)
	wantCensus(t, b, 1, 1, 0)
}
