package main

import (
	"context"

	"steward/internal/listener"
	"steward/internal/metrics"
)

// listen takes the address of the API.
func (p *process) listen(ctx context.Context, made *service) (*listener.Server, error) {
	return listener.Listen(ctx, listener.Options{
		Address: p.door.Listen, Certificate: p.door.Certificate, Key: p.door.Key,
		Drain: p.door.Drain, Ending: made.health.end,
	}, made.handler)
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

	p.background = append(p.background, server.Run)

	return nil
}
