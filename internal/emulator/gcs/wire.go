package gcs

import (
	"io"
	"maps"
	"net"
	"net/http"
)

// countingBody counts what was read of a request.
type countingBody struct {
	inner io.ReadCloser
	read  int64
}

// Read passes through and counts.
func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	b.read += int64(n)
	return n, err // io.Reader: io.EOF must stay itself
}

// Close closes the body.
func (b *countingBody) Close() error {
	return b.inner.Close() // a pass-through
}

// countingWriter remembers the status and counts what was written.
type countingWriter struct {
	http.ResponseWriter

	status  int
	written int64
}

// WriteHeader remembers the first status.
func (w *countingWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write counts.
func (w *countingWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.written += int64(n)
	return n, err //nolint:wrapcheck // a pass-through
}

// Unwrap lets http.ResponseController reach the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *countingWriter) started() bool { return w.status != 0 }

// discardWriter swallows a response that a fault keeps from the client. It remembers the status, and the
// body of a refusal.
type discardWriter struct {
	header  http.Header
	status  int
	refusal []byte
}

// Header returns a header that nobody sees.
func (w *discardWriter) Header() http.Header { return w.header }

// WriteHeader remembers the first status.
func (w *discardWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

// Write drops p.
func (w *discardWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if w.status >= http.StatusMultipleChoices {
		w.refusal = append(w.refusal, p...)
	}
	return len(p), nil
}

// replay sends the refusal after all.
func (w *discardWriter) replay(to http.ResponseWriter) {
	maps.Copy(to.Header(), w.header)
	to.WriteHeader(w.status)
	_, _ = to.Write(w.refusal) //nolint:errcheck // the client may have left
}

func (w *discardWriter) started() bool { return w.status != 0 }

// dropConnection resets the connection under a request, as a dying peer would. Without a connection to
// hijack (HTTP/2, a recorder) net/http is asked to abort the response instead.
func dropConnection(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's documented way to abort; it is not logged
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) //nolint:errcheck // a plain close is a drop too
	}
	_ = conn.Close() //nolint:errcheck // it is being thrown away
}
