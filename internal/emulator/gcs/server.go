package gcs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Clock is where the emulator gets its time; clocks.Clock satisfies it.
type Clock interface {
	// Now returns the current instant. It is called for each request, from many goroutines.
	Now() time.Time
}

// Config says where the emulator lives.
type Config struct {
	// Dir holds all state. It is created when missing, and must belong to one Server at a time.
	Dir string
	// Clock is required; see the package comment for what it moves.
	Clock Clock
	// Seed orders the members of responses and picks the unknown ones.
	Seed uint64
	// NoSync leaves out fsync: state still survives the death of the process, but not a power cut.
	// For tests, which make many small commits.
	NoSync bool
}

// Server is the emulator. Its methods may be called from any goroutine.
type Server struct {
	clock  Clock
	store  *store
	grease *grease
	faults *faultTable
	log    requestLog
	done   chan struct{} // closed by Close: ends stalls
	once   sync.Once
}

// New opens or creates the directory and repairs what a crash left in it.
// It returns an error when the directory cannot be used or a record in it cannot be read.
func New(config Config) (*Server, error) {
	if config.Clock == nil || config.Dir == "" {
		return nil, errors.New("opening the GCS emulator: Dir and Clock are required")
	}
	d, err := openDisk(config.Dir, !config.NoSync)
	if err != nil {
		return nil, err
	}
	opened, err := openStore(d)
	if err != nil {
		return nil, fmt.Errorf("opening the GCS emulator: %w", err)
	}
	return &Server{
		clock: config.Clock, store: opened, grease: newGrease(config.Seed),
		faults: newFaultTable(), done: make(chan struct{}),
	}, nil
}

// now is the clock cut to microseconds, which is what the API shows: an instant that was read back compares
// equal to the one that was stored.
func (s *Server) now() time.Time { return s.clock.Now().UTC().Truncate(time.Microsecond) }

// Close ends stalled requests. State needs no closing: every commit is already on disk.
func (s *Server) Close() { s.once.Do(func() { close(s.done) }) }

// Tick does now what has become due by the clock, without waiting for a request.
func (s *Server) Tick() error {
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	return s.store.tick(s.now())
}

// Handler serves the API and, under /_emulator/, the administration of faults.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.serve) }

// headerTimeout bounds a client that connects and says nothing; bodies may take as long as they need.
const headerTimeout = 30 * time.Second

// stopTimeout is how long Serve waits for requests in flight when its context ends.
const stopTimeout = 5 * time.Second

// Serve answers on listener until ctx ends, then finishes requests in flight. It refuses a listener that is
// not on loopback, since the emulator asks nobody for credentials. It returns nil after a stop by ctx.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if !isLoopback(listener.Addr().String()) {
		return errors.Join(errors.New("the GCS emulator listens on loopback only"), listener.Close())
	}
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: headerTimeout}
	stopped := make(chan error, 1)
	go func() {
		<-ctx.Done()
		s.Close()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if err := server.Shutdown(grace); err != nil {
			stopped <- server.Close()
			return
		}
		stopped <- nil
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the GCS emulator: %w", err)
	}
	return <-stopped
}

func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
