package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// keepNotingPolicy tries notePolicy until it worked once; the database may come
// up after this process.
func (p *process) keepNotingPolicy(ctx context.Context) error {
	for !p.policyNoted(ctx) {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(p.config.Patience().Of(lookAgain)):
		}
	}

	return nil
}

// policyNoted tries once, and logs why it did not work unless the process is
// ending anyhow.
func (p *process) policyNoted(ctx context.Context) bool {
	err := p.notePolicy(ctx)
	if err != nil && ctx.Err() == nil {
		p.log.ErrorContext(ctx, "the policy was not noted in the ledger", "code", failure.CodeOf(err), "doing", failure.Safe(err))
	}

	return err == nil
}

// notePolicy writes to the ledger that this process acts under the policy, if
// the newest such entry names another one: whoever reads evidence later must
// know which promises were in force. Two processes that start at once may both
// write it, which says the same twice.
func (p *process) notePolicy(ctx context.Context) error {
	var body []byte

	err := p.steward.QueryRow(ctx,
		`select body from ledger.entries where kind = $1 order by serial desc limit 1`, string(ledger.PolicyLoaded)).Scan(&body)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return failure.Wrap(failure.Unavailable, "looking for the policy in the ledger", err)
	}

	var newest ledger.PolicyBody
	if len(body) > 0 {
		if err := json.Unmarshal(body, &newest); err != nil {
			return failure.Wrap(failure.LedgerTampered, "reading the policy in the ledger", err)
		}
	}

	if newest.PolicySHA256 == p.policy.Hash() {
		return nil
	}

	_, err = ledger.Append(ctx, p.steward, ledger.PolicyLoaded, p.clock.Now(), ledger.PolicyBody{
		PolicySHA256: p.policy.Hash(), Version: "commit-" + commit, Role: string(core),
	})

	return err
}
