// Package gcstest starts the GCS emulator inside a test: on a port of its own, in a temporary directory,
// gone when the test ends.
package gcstest

import (
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"steward/internal/emulator/gcs"
)

// Server is an emulator for one test. The embedded emulator gives faults, stalls and the request log.
type Server struct {
	*gcs.Server

	clock   gcs.Clock
	dir     string
	address string
	http    *http.Server
	running sync.WaitGroup // requests in a handler, and the accept loop

	listener *net.TCPListener
	held     net.Listener // the same address during a restart; else nil
}

// Start runs an emulator with fresh state until the test ends.
func Start(tb testing.TB, clock gcs.Clock) *Server {
	tb.Helper()
	return StartIn(tb, clock, tb.TempDir())
}

// StartIn is Start over a directory that may hold state already.
func StartIn(tb testing.TB, clock gcs.Clock, dir string) *Server {
	tb.Helper()
	s := &Server{clock: clock, dir: dir, address: "127.0.0.1:0"}
	s.run(tb)
	tb.Cleanup(s.stop)
	return s
}

// URL is the base of the JSON API: for option.WithEndpoint, and as STORAGE_EMULATOR_HOST.
func (s *Server) URL() string { return "http://" + s.address + "/storage/v1/" }

// Dir is the directory of the state.
func (s *Server) Dir() string { return s.dir }

// Client returns the official client for this emulator, closed when the test ends.
func (s *Server) Client(tb testing.TB, options ...option.ClientOption) *storage.Client {
	tb.Helper()
	options = append([]option.ClientOption{option.WithEndpoint(s.URL()), option.WithoutAuthentication()}, options...)
	client, err := storage.NewClient(tb.Context(), options...)
	if err != nil {
		tb.Fatalf("opening the storage client: %v", err)
	}
	tb.Cleanup(func() {
		if err := client.Close(); err != nil {
			tb.Errorf("closing the storage client: %v", err)
		}
	})
	return client
}

// Restart drops every connection and opens the directory again at the same address, as after a crash:
// nothing but what is on disk survives. Faults and the request log are empty afterwards.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	// The address stays taken meanwhile: another process of a busy machine would get a free one.
	held, err := s.listener.File()
	if err != nil {
		tb.Fatalf("holding the emulator's address: %v", err)
	}
	s.stop()
	if s.held, err = net.FileListener(held); err != nil {
		tb.Fatalf("taking the emulator's address again: %v", err)
	}
	if err := held.Close(); err != nil {
		tb.Fatalf("taking the emulator's address again: %v", err)
	}
	s.run(tb)
}

func (s *Server) run(tb testing.TB) {
	tb.Helper()
	var err error
	// NoSync: a test's process dies, its machine does not; fsync would make up most of the run time.
	s.Server, err = gcs.New(gcs.Config{Dir: s.dir, Clock: s.clock, Seed: 1, NoSync: true})
	if err != nil {
		tb.Fatalf("starting the GCS emulator: %v", err)
	}
	listener := s.listen(tb)
	s.address = listener.Addr().String()
	handler := s.Handler()
	s.http = &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.running.Add(1)
			defer s.running.Done()
			handler.ServeHTTP(w, r)
		}),
		ReadHeaderTimeout: time.Minute,
	}
	s.running.Go(func() {
		_ = s.http.Serve(listener) // always ErrServerClosed
	})
}

// listen takes the address that Restart held, or a free one.
func (s *Server) listen(tb testing.TB) *net.TCPListener {
	tb.Helper()
	listener, err := s.held, error(nil)
	if s.held == nil {
		var config net.ListenConfig
		listener, err = config.Listen(tb.Context(), "tcp", s.address)
	}
	if err != nil {
		tb.Fatalf("listening for the GCS emulator: %v", err)
	}
	s.held = nil
	var ok bool
	if s.listener, ok = listener.(*net.TCPListener); !ok {
		tb.Fatalf("listening for the GCS emulator: not TCP but %T", listener)
	}
	return s.listener
}

// stop is safe to call twice.
func (s *Server) stop() {
	s.Close()
	_ = s.http.Close() // it is being thrown away
	s.running.Wait()
}
