package metrics

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"steward/internal/failure"
)

// The limits of the server. Whoever scrapes is on this machine and asks every
// few seconds.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	idleTimeout  = 2 * time.Minute
	stopTimeout  = 5 * time.Second
	maxHeader    = 16 << 10
	maxScrapes   = 4
)

// Server shows metrics and health on one loopback address. It has no passwords,
// which is why it listens nowhere else: a Prometheus elsewhere comes through an
// agent or a proxy on this machine.
type Server struct {
	listener net.Listener
	server   *http.Server
}

// Listen takes the address, such as "127.0.0.1:9464". It fails with ConfigInvalid
// for an address that is not one of loopback in digits, since a name may lead
// elsewhere, and for one that is taken.
func Listen(ctx context.Context, address string, from prometheus.Gatherer, health Health) (*Server, error) {
	host, _, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || ip == nil || !ip.IsLoopback() {
		return nil, failure.New(failure.ConfigInvalid, "reading STEWARD_LISTEN (it must be on loopback, such as 127.0.0.1:9464)")
	}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, failure.Wrap(failure.ConfigInvalid, "listening at STEWARD_LISTEN", err)
	}

	routes := http.NewServeMux()
	routes.Handle("GET /metrics", promhttp.HandlerFor(from, promhttp.HandlerOpts{
		ErrorHandling: promhttp.HTTPErrorOnError, MaxRequestsInFlight: maxScrapes, Timeout: writeTimeout / 2,
	}))
	routes.Handle("GET /healthz", healthHandler(health))

	return &Server{listener: listener, server: &http.Server{
		Handler: routes, ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
	}}, nil
}

// Address is where it listens, with the port that was chosen for port 0.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Run serves until ctx ends, lets requests under way end, and returns nil; its
// goroutine has ended by then. The owner calls it once.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan error, 1)

	go func() { ended <- s.server.Serve(s.listener) }()

	select {
	case err := <-ended:
		return fmt.Errorf("serving metrics: %w", err)
	case <-ctx.Done():
	}

	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()

	// What does not end in time is cut off.
	err := errors.Join(s.server.Shutdown(stopping), s.server.Close())

	// It ends with http.ErrServerClosed, since we ended it.
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}

	return failure.Wrap(failure.Internal, "ending the metrics server", err)
}
