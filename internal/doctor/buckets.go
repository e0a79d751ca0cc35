package doctor

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"steward/internal/evidence"
	"steward/internal/failure"
	"steward/internal/guard"
	"steward/internal/ledger"
	"steward/internal/postgres"
)

// buckets compares each bucket's settings with what its promise needs.
func (d *Doctor) buckets(ctx context.Context) []Check {
	checks := make([]Check, len(d.Buckets))
	for i, wanted := range d.Buckets {
		checks[i] = d.bucket(ctx, wanted)
	}

	return checks
}

func (d *Doctor) bucket(ctx context.Context, wanted guard.Bucket) Check {
	have, err := d.Storage.Bucket(wanted.Name).Settings(ctx)
	if failure.Is(err, failure.ObjectNotFound) {
		return wrong(wanted.Name, failure.ObjectNotFound, "there is no such bucket for "+wanted.Use, runSetup)
	}

	if err != nil {
		return failed(wanted.Name, err)
	}

	found := guard.Check(wanted, have)
	if len(found) == 0 {
		return fine(wanted.Name, "set up for "+wanted.Use)
	}

	var says, mend []string
	for _, finding := range found {
		says, mend = append(says, finding.Says), append(mend, finding.Mend)
	}

	drifts := guard.Drifts(found)
	if len(drifts) == 0 {
		return warned(wanted.Name, strings.Join(says, "; "), strings.Join(mend, "; "))
	}

	if mendable(drifts) {
		mend = append(mend, "or all that a setting mends: steward doctor --fix")
	}

	return wrong(wanted.Name, failure.BucketDrift, strings.Join(says, "; "), strings.Join(mend, "; "))
}

// mendable reports whether a setting mends at least one of them.
func mendable(found []guard.Finding) bool {
	return slices.ContainsFunc(found, func(one guard.Finding) bool { return one.Care != guard.ByHand })
}

// ledger looks how old the newest signed state is, and whether entries wait for
// theirs longer than the policy allows.
func (d *Doctor) ledger(ctx context.Context) []Check {
	const name = "head"

	if d.Config.StewardDatabase == "" {
		return []Check{skipped(name, "STEWARD_DATABASE_URL is not set")}
	}

	db, err := postgres.Open(ctx, d.Config.StewardDatabase)
	if err != nil {
		return []Check{failed(name, err)}
	}
	defer db.Close()

	head, err := ledger.ReadHead(ctx, db)
	if err != nil {
		return []Check{failed(name, err)}
	}

	unsealed, err := evidence.ReadUnsealed(ctx, db)
	if err != nil {
		return []Check{failed(name, err)}
	}

	return []Check{d.head(name, head, unsealed)}
}

func (d *Doctor) head(name string, head ledger.Head, unsealed evidence.Unsealed) Check {
	now := d.Clock.Now()

	// Exact by the policy's own rules: seal_within takes no calendar units.
	if limit := d.Policy.Promises.Ledger.SealWithin.Longest(); unsealed.Count > 0 && now.Sub(unsealed.Oldest) > limit {
		return wrong(name, failure.LedgerBehind,
			fmt.Sprintf("%d entries wait for their seal, the oldest for %s; %s is allowed",
				unsealed.Count, now.Sub(unsealed.Oldest).Round(time.Second), limit),
			"Is a worker with the role core running? Then find out with: steward ledger verify")
	}

	if head.Size == 0 {
		return fine(name, "no entry yet")
	}

	return fine(name, fmt.Sprintf("%d entries sealed, the newest %s ago; %d wait",
		head.Size, now.Sub(head.At).Round(time.Second), unsealed.Count))
}
