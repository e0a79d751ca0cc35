package temporaldev

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.temporal.io/server/common/authorization"
	"go.temporal.io/server/common/config"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
)

// Server is a running server. Its methods may be called from several goroutines.
type Server struct {
	options  Options
	temporal temporal.Server
	ui       *webUI

	stop    sync.Once
	stopErr error
}

// Start prepares the databases, starts the server and its Web UI, and returns
// when the namespace answers. State is in Postgres alone: a server started on the
// same databases goes on where the last one was, however that one ended.
func Start(ctx context.Context, options Options) (*Server, error) {
	options, err := options.withDefaults(ctx)
	if err != nil {
		return nil, err
	}
	db, err := parseURL(options.PostgresURL)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, db); err != nil {
		return nil, fmt.Errorf("preparing Temporal's databases: %w", err)
	}
	inner, err := newTemporal(ctx, db, options)
	if err != nil {
		return nil, err
	}
	if err := inner.Start(); err != nil {
		return nil, fmt.Errorf("starting the Temporal server: %w", err)
	}
	server := &Server{options: options, temporal: inner}
	if err := server.finish(ctx); err != nil {
		return nil, errors.Join(err, server.Stop())
	}
	return server, nil
}

// finish does what needs a running frontend.
func (s *Server) finish(ctx context.Context) error {
	if err := registerNamespace(ctx, s.options); err != nil {
		return fmt.Errorf("registering the namespace %s: %w", s.options.Namespace, err)
	}
	if s.options.UIPort == 0 {
		return nil
	}
	ui, err := startUI(ctx, s.options)
	if err != nil {
		return fmt.Errorf("starting the Web UI: %w", err)
	}
	s.ui = ui
	return nil
}

// Address is the frontend's host and port, for a client's HostPort.
func (s *Server) Address() string { return hostPort(s.options.FrontendPort) }

// Namespace is the one that Start registered.
func (s *Server) Namespace() string { return s.options.Namespace }

// UIURL is the Web UI's address, "" without one.
func (s *Server) UIURL() string {
	if s.ui == nil {
		return ""
	}
	return "http://" + hostPort(s.options.UIPort)
}

// Stop ends everything gracefully and frees the ports. Calling it again returns
// the first call's outcome.
func (s *Server) Stop() error {
	s.stop.Do(func() {
		if s.ui != nil {
			s.ui.stop()
		}
		if err := s.temporal.Stop(); err != nil {
			s.stopErr = fmt.Errorf("stopping the Temporal server: %w", err)
		}
	})
	return s.stopErr
}

// newTemporal wires the server; nothing runs yet.
func newTemporal(ctx context.Context, db database, options Options) (temporal.Server, error) {
	grpcPorts, err := choosePorts(ctx, options.FrontendPort)
	if err != nil {
		return nil, err
	}
	server, err := temporal.NewServer(
		temporal.WithConfig(serverConfig(db, grpcPorts)),
		temporal.ForServices(temporal.DefaultServices),
		temporal.WithStaticHosts(staticHosts(grpcPorts)),
		temporal.WithDynamicConfigClient(dynamicConfig(options.TimeSkipping)),
		temporal.WithLogger(logger(options.LogLevel)),
		// On one machine whoever reaches the loopback port may do anything, as
		// with an open source server without a claim mapper. DESIGN 5.11 makes
		// that harmless: no approval is read from Temporal.
		temporal.WithAuthorizer(authorization.NewNoopAuthorizer()),
		temporal.WithClaimMapper(func(*config.Config) authorization.ClaimMapper {
			return authorization.NewNoopClaimMapper()
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("wiring the Temporal server: %w", err)
	}
	return server, nil
}

// logger writes JSON lines to standard error, or nothing for level "".
func logger(level string) log.Logger {
	if level == "" {
		return log.NewNoopLogger()
	}
	return log.NewZapLogger(log.BuildZapLogger(log.Config{Level: level}))
}
