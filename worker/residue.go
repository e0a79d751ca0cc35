package main

import (
	"context"

	"steward/internal/erasure"
	"steward/internal/erasure/nightly"
)

// watchResidue shows each hour how the search for residue stands. This role does so, since it knows the databases of the data
// map. It does not end but with the process.
func (p *process) watchResidue(ctx context.Context, night nightly.Night) error {
	return again(ctx, p.config.Patience().Of(reconcileEvery), func() {
		//nolint:errcheck // logged there; the gauges keep what they showed
		_ = p.look(ctx, "seeing since when nobody has looked for residue", func() (int, error) {
			found, err := erasure.ResidueAt(ctx, p.steward, night.Databases(), p.clock.Now())
			if err == nil {
				p.metrics.Residue(found)
			}

			return found.Left, err
		})
	})
}
