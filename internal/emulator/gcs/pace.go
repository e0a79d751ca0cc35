package gcs

import (
	"io"
	"net/http"
	"time"
)

// pacer spreads bytes over real time.
type pacer struct {
	done      <-chan struct{}
	perSecond int64
}

// piece is what may pass at once: a tenth of a second's worth, so that a slow transfer moves steadily.
func (p *pacer) piece(want int) int {
	const piecesPerSecond = 10
	return int(min(int64(want), max(1, p.perSecond/piecesPerSecond)))
}

func (p *pacer) wait(bytes int) {
	timer := time.NewTimer(time.Duration(int64(bytes) * int64(time.Second) / p.perSecond))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-p.done:
	}
}

type slowBody struct {
	io.ReadCloser

	pace *pacer
}

// Read reads a piece and waits as long as it should have taken.
func (b *slowBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p[:b.pace.piece(len(p))])
	b.pace.wait(n)
	return n, err // io.Reader: io.EOF must stay itself
}

type slowWriter struct {
	http.ResponseWriter

	pace   *pacer
	header bool
}

// WriteHeader passes and remembers that the response has begun.
func (w *slowWriter) WriteHeader(status int) {
	w.header = true
	w.ResponseWriter.WriteHeader(status)
}

// Write sends piece by piece.
func (w *slowWriter) Write(p []byte) (int, error) {
	w.header = true
	sent := 0
	for sent < len(p) {
		piece := w.pace.piece(len(p) - sent)
		w.pace.wait(piece) // before, so that the last byte arrives when its time has come
		n, err := w.ResponseWriter.Write(p[sent : sent+piece])
		sent += n
		if err != nil {
			return sent, err //nolint:wrapcheck // a pass-through
		}
		// An error means that the client left; the next write finds it out.
		_ = http.NewResponseController(w.ResponseWriter).Flush() //nolint:errcheck // the client may have left
	}
	return sent, nil
}

func (w *slowWriter) started() bool { return w.header }
