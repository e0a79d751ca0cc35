package main

import (
	"context"
	"time"

	"steward/internal/failure"
	"steward/internal/replay"
)

// sweepEvery is how often the bucket of replay records is looked through: what is left there of an ended erasure is sealed, and goes
// within three days of its end.
const sweepEvery = 24 * time.Hour

// sweep removes from the bucket of replay records what no record has, at once and then each day. It does not end but with
// the process: what cannot be removed now is removed at the next look, and what nobody knows is logged each time.
func (p *process) sweep(records replay.Records) func(context.Context) error {
	return func(ctx context.Context) error {
		return again(ctx, p.config.Patience().Of(sweepEvery), func() { p.sweepOnce(ctx, records) })
	}
}

// sweepOnce does so once, and shows what nobody knows. Where it could not look through all, or could not remove what should go, the
// gauges keep what they showed, and their age tells.
func (p *process) sweepOnce(ctx context.Context, records replay.Records) {
	//nolint:errcheck // logged there; the next look tries again
	_ = p.look(ctx, "removing what is no replay record of any erasure", func() (int, error) {
		found, err := records.Sweep(ctx, p.clock.Now())
		if err == nil || failure.Is(err, failure.ReplayUnknown) {
			p.metrics.Replay(p.clock.Now(), found.Unknown)
		}

		return found.Strays, err
	})
}
