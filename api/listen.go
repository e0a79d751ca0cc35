package main

import (
	"context"

	"steward/internal/failure"
	"steward/internal/listener"
	"steward/internal/metrics"
)

// listen takes the address of the API.
func (p *process) listen(ctx context.Context, made *service) (*listener.Server, error) {
	return listener.Listen(ctx, listener.Options{
		Address: p.door.Listen, Certificate: p.door.Certificate, Key: p.door.Key,
		Drain: p.door.Drain, Ending: made.health.end, Reloaded: p.certificateRead, Clock: p.machine,
	}, made.handler)
}

// certificateRead shows how a look at the files of the certificate went. What failed is
// logged once, until it is mended, and counted each time.
func (p *process) certificateRead(read listener.Reload) {
	p.requests.Certificate(read.NotAfter, read.Err)

	switch {
	case read.Again:
	case read.Err != nil:
		p.log.Error("the certificate could not be read; the one of before is in use",
			"code", failure.CodeOf(read.Err), "doing", failure.Safe(read.Err), "not_after", read.NotAfter.UTC(),
			"runbook", "docs/runbooks.md#api-certificate-reload")
	default:
		p.log.Info("the certificate was read", "not_after", read.NotAfter.UTC())
	}
}

// listenMetrics takes the loopback address of /metrics, if there is one.
func (p *process) listenMetrics(ctx context.Context, made *service) error {
	if p.config.Listen == "" {
		p.log.InfoContext(ctx, "metrics are not served (STEWARD_LISTEN is not set)")

		return nil
	}

	server, err := metrics.Listen(ctx, p.config.Listen, p.requests.Registry(), made.health.look)
	if err != nil {
		return err
	}

	p.log.InfoContext(ctx, "metrics are served", "address", server.Address())
	p.background = append(p.background, server.Run)

	return nil
}
