package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path"
	"runtime/debug"
	"time"

	"steward/internal/clientaddr"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ids"
)

// requestID is the header that names a request, in answers only: one that a caller
// chose could carry anything into our log.
const requestID = "X-Request-ID"

// handler is what the server calls: it gives every request an id, every answer its
// headers, and the log one line, whatever happens in between.
func (t *routes) handler(ready *readiness) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{id: ids.New("req"), request: r, headers: w.Header(), began: ready.clock.Now()}
		ctx := clientaddr.With(withExchange(r.Context(), x), t.finder.Of(r))

		if t.faults != nil {
			ctx = faults.With(ctx, t.faults)
		}

		answer := &answer{ResponseWriter: w}

		setHeaders(w.Header(), x.id, ready)

		defer func() { t.observe(ctx, x, answer.status, answer.written) }()
		defer t.recover(ctx, answer)

		t.route(ctx, answer, r.WithContext(ctx))
	})
}

// setHeaders sets what holds for every answer: nothing of it is stored, framed,
// guessed at, or sent on.
func setHeaders(headers http.Header, id string, ready *readiness) {
	headers.Set(requestID, id)
	headers.Set("Cache-Control", "no-store")
	headers.Set("X-Content-Type-Options", "nosniff")
	headers.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	headers.Set("X-Frame-Options", "DENY")
	headers.Set("Referrer-Policy", "no-referrer")
	headers.Set("Cross-Origin-Resource-Policy", "same-origin")
	headers.Set("Permissions-Policy", "()")

	if ready.secure {
		// Two years, as the preload list asks for.
		headers.Set("Strict-Transport-Security", "max-age=63072000; includeSubDomains")
	}

	if ready.isEnding() {
		// Whoever has an open connection shall make the next one to another process.
		headers.Set("Connection", "close")
	}
}

// route finds the operation. What is not exactly the address of one is nothing: no
// redirects, no cleaning of paths.
func (t *routes) route(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	if t.proxyOnly && !t.finder.Trusted(clientaddr.Peer(r)) {
		t.turnAway(ctx, w, failure.New(failure.CallerNotDirect, "looking at who connected"))

		return
	}

	if r.URL.Path == "" || r.URL.Path[0] != '/' || path.Clean(r.URL.Path) != r.URL.Path {
		t.turnAway(ctx, w, failure.New(failure.RouteUnknown, "looking for the address"))

		return
	}

	found, pattern := t.mux.Handler(r)
	if pattern != "" {
		t.mux.ServeHTTP(w, r)

		return
	}

	// The mux would answer in plain text; only whether it knows other methods counts.
	look := &answer{ResponseWriter: discard{headers: http.Header{}}}
	found.ServeHTTP(look, r)

	if look.status != http.StatusMethodNotAllowed {
		t.turnAway(ctx, w, failure.New(failure.RouteUnknown, "looking for the address"))

		return
	}

	w.Header().Set("Allow", look.Header().Get("Allow"))
	t.turnAway(ctx, w, failure.New(failure.MethodWrong, "looking for the address"))
}

// turnAway refuses what never came to an operation. It costs the caller what any call
// without credentials costs, so that nobody asks for nothing without an end.
func (t *routes) turnAway(ctx context.Context, w http.ResponseWriter, why error) {
	if slowed := t.spend(exchangeOf(ctx), t.addresses.Allow(clientaddr.Network(clientaddr.From(ctx)))); slowed != nil {
		why = slowed
	}

	refuse(ctx, w, why)
}

// recover answers for a handler that panicked. The value may hold data and is not
// logged; where it happened is.
func (t *routes) recover(ctx context.Context, w *answer) {
	value := recover()
	if value == nil {
		return
	}

	exchangeOf(ctx).panicked = fmt.Sprintf("%T", value)
	exchangeOf(ctx).stack = debug.Stack()

	if w.status == 0 {
		refuse(ctx, w, failure.New(failure.Internal, "answering"))
	}
}

// answer counts what is answered.
type answer struct {
	http.ResponseWriter

	status  int
	written int64
}

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
		a.ResponseWriter.WriteHeader(status)
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(text []byte) (int, error) {
	a.WriteHeader(http.StatusOK)

	n, err := a.ResponseWriter.Write(text)
	a.written += int64(n)

	return n, err //nolint:wrapcheck // as io.Writer has it
}

// Unwrap gives http.ResponseController what it controls.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// discard takes an answer that nobody reads.
type discard struct{ headers http.Header }

// Header implements http.ResponseWriter.
func (d discard) Header() http.Header { return d.headers }

// Write implements http.ResponseWriter.
func (discard) Write(text []byte) (int, error) { return len(text), nil }

// WriteHeader implements http.ResponseWriter.
func (discard) WriteHeader(int) {}

// observe writes the one line of a request: which operation, not which address, since
// an address may hold an account's own key; which credential, not whose address.
func (p *process) observe(ctx context.Context, x *exchange, status int, written int64) {
	took := p.machine.Now().Sub(x.began)

	attributes := []slog.Attr{
		slog.String("request", x.id), slog.String("operation", x.operation), slog.String("credential", x.credential),
		slog.Int("status", status), slog.Int64("bytes", written), slog.Float64("ms", float64(took)/float64(time.Millisecond)),
	}

	level := slog.LevelInfo

	if x.code != "" {
		attributes = append(attributes, slog.String("code", x.code))
	}

	if status >= http.StatusInternalServerError {
		level = slog.LevelError

		attributes = append(attributes, slog.String("doing", failure.Safe(x.cause)))
	}

	if x.panicked != "" {
		attributes = append(attributes, slog.String("panicked", x.panicked), slog.String("stack", string(x.stack)))
	}

	p.log.LogAttrs(ctx, level, "request", attributes...)
	p.requests.Answered(x.operation, status, took)
}
