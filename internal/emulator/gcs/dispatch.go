package gcs

import (
	"io"
	"net/http"
	"time"
)

// dispatch answers a request, disturbed by its fault.
func (s *Server) dispatch(c *call, f Fault) {
	switch f.Mode {
	case ModeUnavailableBefore:
		s.refuseWith(c, unavailable())
	case ModeForbidden:
		s.refuseWith(c, refuse(http.StatusForbidden, "forbidden", "Injected by the emulator."))
	case ModeNotFound:
		s.refuseWith(c, notFound("object (injected by the emulator)"))
	case ModeDropBefore:
		dropConnection(c.w)
	case ModeUnavailableAfter:
		s.effectOnly(c)
		s.refuseWith(c, unavailable())
	case ModeDropAfter:
		s.effectOnly(c)
		dropConnection(c.w)
	case ModePrecondition:
		if hidden := s.effectOnly(c); hidden.status >= http.StatusMultipleChoices {
			hidden.replay(c.w) // it failed by itself: there is no success to contradict
			return
		}
		s.refuseWith(c, conditionNotMet())
	case ModeStall:
		if s.stall(c, f.Delay) {
			s.answer(c)
		}
	case ModeTruncate:
		s.truncate(c, f.Bytes)
	case ModeSlow:
		pace := &pacer{done: s.done, perSecond: f.Bytes}
		c.r.Body = &slowBody{ReadCloser: c.r.Body, pace: pace}
		c.w = &slowWriter{ResponseWriter: c.w, pace: pace}
		s.answer(c)
	default:
		s.answer(c)
	}
}

func unavailable() *apiError {
	return refuse(http.StatusServiceUnavailable, "backendError", "Injected by the emulator.")
}

// refuseWith answers a refusal. The connection may be gone already; then there is nobody to tell.
func (s *Server) refuseWith(c *call, e *apiError) { _ = c.fail(e) } //nolint:errcheck // the client may have left

// effectOnly runs the handler and keeps its answer from the client.
func (s *Server) effectOnly(c *call) *discardWriter {
	hidden := &discardWriter{header: http.Header{}}
	s.answer(&call{server: s, w: hidden, r: c.r, query: c.query, operation: c.operation, params: c.params})
	return hidden
}

// stall waits for Release, the delay, Close, or the end of a request whose client can be seen to leave.
// A request with a body that was not yet read goes on after the stall even when its client has left: the
// late effect that the real service is known for (google-cloud-go issue 4453).
func (s *Server) stall(c *call, delay time.Duration) bool {
	t := s.faults
	t.mu.Lock()
	t.stalled++
	release := t.release
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.stalled--
		t.mu.Unlock()
	}()
	var timeout <-chan time.Time
	if delay > 0 {
		timer := time.NewTimer(delay) // real time: a stall is the network's, not the promise's
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case <-release:
		return true
	case <-timeout:
		return true
	case <-c.r.Context().Done():
		return false
	case <-s.done:
		dropConnection(c.w)
		return false
	}
}

// truncate lets part of the body through, of the request for a write and of the response for a read, and
// then resets the connection.
func (s *Server) truncate(c *call, passed int64) {
	if c.r.Method == http.MethodGet {
		cut := &cutWriter{discardWriter: discardWriter{header: c.w.Header()}, w: c.w, left: passed}
		s.answer(&call{server: s, w: cut, r: c.r, query: c.query, operation: c.operation, params: c.params})
		// What passed must reach the client before the reset; an error means that it left first.
		_ = http.NewResponseController(c.w).Flush() //nolint:errcheck // the client may have left
		dropConnection(c.w)
		return
	}
	c.r.Body = &cutBody{inner: io.LimitReader(c.r.Body, passed), close: c.r.Body}
	s.effectOnly(c)
	dropConnection(c.w)
}

// cutBody ends early the way a lost connection does.
type cutBody struct {
	inner io.Reader
	close io.Closer
}

// Read ends with io.ErrUnexpectedEOF where the connection is cut.
func (b *cutBody) Read(p []byte) (int, error) {
	n, err := b.inner.Read(p)
	if err == io.EOF { // io.Reader returns io.EOF itself
		return n, io.ErrUnexpectedEOF
	}
	return n, err // a pass-through
}

// Close closes the body that was cut.
func (b *cutBody) Close() error {
	return b.close.Close() // a pass-through
}

// cutWriter passes the first bytes of a response.
type cutWriter struct {
	discardWriter

	w    http.ResponseWriter
	left int64
}

// WriteHeader passes the status.
func (w *cutWriter) WriteHeader(status int) {
	w.discardWriter.WriteHeader(status)
	w.w.WriteHeader(status)
}

// Write passes what is left to pass and swallows the rest.
func (w *cutWriter) Write(p []byte) (int, error) {
	pass := min(int64(len(p)), w.left)
	w.left -= pass
	if _, err := w.w.Write(p[:pass]); err != nil {
		return 0, err //nolint:wrapcheck // a pass-through
	}
	return len(p), nil
}
