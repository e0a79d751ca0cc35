package main

import (
	"context"

	"steward/internal/account"
	"steward/internal/faults"
	keyfiles "steward/internal/keys"
)

// lookupKey reads the key under which the keys of accounts are hashed, where the
// process has one. Without it only integers, UUIDs and ids that Steward gave are
// taken.
func lookupKey(dir string) (account.LookupKey, error) {
	if dir == "" || !keyfiles.Holds(dir, keyfiles.AccountLookup) {
		return nil, nil // there need be none
	}

	content, err := keyfiles.Read(dir, keyfiles.AccountLookup)
	if err != nil {
		return nil, err
	}

	return account.ParseLookupKey(content)
}

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
