// Package listener is one HTTP server at one address: by TLS with certificates that
// are read again when they change, or plain; with limits of time and size; and with
// an end that loses no request.
package listener

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"steward/internal/clocks"
	"steward/internal/failure"
)

// The limits of one connection.
const (
	// headerTimeout is how long the headers may take: a caller who needs longer holds
	// connections on purpose (slowloris).
	headerTimeout = 5 * time.Second
	// readTimeout is how long a whole request may take: a megabyte at 64 kB/s.
	readTimeout = 20 * time.Second
	// writeTimeout counts from the end of the headers: reading the body, the handler's
	// own limit of 10 s, and sending the answer.
	writeTimeout = 40 * time.Second
	// idleTimeout is longer than that of the proxies that people have before us (60 s at
	// most load balancers), so that they close first: a proxy that sends on a connection
	// which we are just closing would answer 502.
	idleTimeout = 2 * time.Minute
	// maxHeader is how large the headers may be, in bytes: ours need one.
	maxHeader = 16 << 10
	// stopTimeout is how long requests under way may take after the drain; longer than
	// writeTimeout, so that none is cut off.
	stopTimeout = writeTimeout + 5*time.Second
)

// Options say where and how to listen.
type Options struct {
	// Address is an IP address and a port; port 0 takes a free one.
	Address string
	// Certificate and Key are files in PEM; empty means plain HTTP.
	Certificate, Key string
	// Reloaded, if not nil, is told of each reading of those files, the first one
	// included, by one goroutine at a time. It must not block.
	Reloaded func(Reload)
	// Clock says when it is time to look at those files again; nil is that of the machine.
	Clock clocks.Clock
	// Drain is how long an ending server still takes requests.
	Drain time.Duration
	// Ending is called when the end begins, before Drain.
	Ending func()
}

// Server is one listening server.
type Server struct {
	listener    net.Listener
	server      *http.Server
	options     Options
	certificate *certificate // nil without TLS
}

// Listen takes the address. It fails with ConfigInvalid for one that is taken or no
// address, and for certificates that cannot be read.
func Listen(ctx context.Context, options Options, handler http.Handler) (*Server, error) {
	made := &Server{options: options, server: &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		// What the standard library says of single connections holds addresses.
		ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
	}}

	if options.Certificate != "" {
		if options.Clock == nil {
			options.Clock = clocks.System()
		}

		files, err := openCertificate(options.Certificate, options.Key, options.Clock, options.Reloaded)
		if err != nil {
			return nil, err
		}

		made.certificate = files
		made.server.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: files.get}
	}

	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", options.Address)
	if err != nil {
		return nil, failure.Wrap(failure.ConfigInvalid, "listening at STEWARD_API_LISTEN", err)
	}

	made.listener = listener

	return made, nil
}

// Address is where it listens, with the port that was chosen for port 0.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Run serves until ctx ends, then says so (Options.Ending), still takes requests for
// Options.Drain, closes the address, and returns when every request was answered. The
// owner calls it once.
func (s *Server) Run(ctx context.Context) error {
	ended := make(chan error, 1)

	go func() { ended <- s.serve() }()

	defer s.watch(context.WithoutCancel(ctx))()

	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}

	if s.options.Ending != nil {
		s.options.Ending()
	}

	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-time.After(s.options.Drain):
	}

	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()

	// What does not end in time is cut off.
	err := errors.Join(s.server.Shutdown(stopping), s.server.Close())

	// It ends with http.ErrServerClosed, since we ended it.
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}

	return failure.Wrap(failure.Internal, "ending the server", err)
}

// watch looks at the certificate, if there is one, until the returned function is
// called, which waits for the end of that.
func (s *Server) watch(ctx context.Context) (end func()) {
	if s.certificate == nil {
		return func() {}
	}

	ctx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})

	go func() {
		defer close(ended)

		s.certificate.watch(ctx)
	}()

	return func() {
		stop()
		<-ended
	}
}

func (s *Server) serve() error {
	if s.server.TLSConfig == nil {
		return s.server.Serve(s.listener) //nolint:wrapcheck // wrapped by who waits
	}

	return s.server.ServeTLS(s.listener, "", "") //nolint:wrapcheck // as above
}
