package main

import (
	"context"
	"fmt"
	"time"

	"steward/internal/account"
	"steward/internal/failure"
	"steward/internal/faults"
	keyfiles "steward/internal/keys"
)

// lookupKey reads the key under which the keys of accounts are hashed, where the
// process has one. Without it only integers, UUIDs and ids that Steward gave are
// taken.
func lookupKey(dir string) (account.LookupKey, error) {
	if held, err := holds(dir, keyfiles.AccountLookup); err != nil || !held {
		return nil, err // there need be none
	}

	content, err := keyfiles.Read(dir, keyfiles.AccountLookup)
	if err != nil {
		return nil, err
	}

	return account.ParseLookupKey(content)
}

// checkLookup refuses to start with another lookup key than before. Where that cannot
// be found out now it is looked at before the first account is looked for.
func (p *process) checkLookup(ctx context.Context) error {
	if p.lookup == nil {
		return nil
	}

	ctx, cancel := context.WithTimeout(ctx, p.config.Patience().Of(lookupPatience))
	defer cancel()

	err := p.lookup.Check(ctx, p.db)
	if failure.Is(err, failure.LookupKeyWrong) {
		return fmt.Errorf("starting: %w", err)
	}

	if err != nil {
		p.log.WarnContext(ctx, "the account lookup key was not compared yet", "code", failure.CodeOf(err))
	}

	return nil
}

// lookupPatience is how long a start waits for the database to say so.
const lookupPatience = 5 * time.Second

// writing is the context of what writes for many requests together: it ends with
// none of them.
func (p *process) writing() context.Context {
	ctx := context.Background()
	if p.faults != nil {
		ctx = faults.With(ctx, p.faults)
	}

	return ctx
}

// registrar makes what registers accounts. It is closed after the last request was
// answered.
func (p *process) registrar() *account.Registrar {
	made := account.NewRegistrar(p.writing(), p.db, p.config.Patience())
	p.closers = append(p.closers, made.Close)

	return made
}

// intake makes what takes signs of life. What it has accepted is written before the
// process ends: it is closed after the last request was answered.
func (p *process) intake(resolver *account.Resolver) *account.Intake {
	committer := account.NewCommitter(p.writing(), p.db, p.clock, p.config.Patience())
	p.closers = append(p.closers, committer.Close)

	return &account.Intake{Resolver: resolver, Committer: committer, Clock: p.clock}
}
