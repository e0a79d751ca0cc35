package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/sync/errgroup"

	"steward/internal/access"
	"steward/internal/account"
	"steward/internal/casekey"
	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/faults"
	keyfiles "steward/internal/keys"
	"steward/internal/metrics"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// process is one running API with everything that its resources share.
type process struct {
	config config.Config
	door   config.API
	policy *policy.Policy
	log    *slog.Logger
	clock  clocks.Clock // that promises go by
	// machine is the clock of what only this process cares about: a moved dev clock
	// must not make a request slow or a limit whole again.
	machine  clocks.Clock
	requests *metrics.Requests
	db       *postgres.DB
	faults   faults.Injector // nil in production
	// verifier knows whose a token is.
	verifier authenticator
	// lookup hashes the keys of accounts that may be personal; nil where there is none.
	lookup account.LookupKey
	// credentialsChanged lets the verifier look again; nil where it keeps nothing.
	credentialsChanged func()
	// keeper seals what must not lie in the clear; without a master key it seals nothing.
	keeper casekey.Keeper
	// background are goroutines that live as long as the process.
	background []func(context.Context) error
	// closers end what resources hold, the last opened first, after the last request.
	closers []func()
}

// authenticator tells whose a token is. It is safe for concurrent use. It fails with
// Unavailable when that cannot be found out, with TooManyRequests when this caller
// guessed too often, and with any other code for a token that does not hold; the
// caller is not told why. The address of the caller is clientaddr.From(ctx).
type authenticator interface {
	Verify(ctx context.Context, token string) (access.Principal, error)
}

// open connects to everything. Nothing runs yet.
func open(ctx context.Context, settings config.Config, door config.API, log *slog.Logger) (*process, error) {
	if err := config.Need(map[string]string{"STEWARD_DATABASE_URL": settings.StewardDatabase}); err != nil {
		return nil, fmt.Errorf("starting: %w", err)
	}

	rules, err := policy.Load(settings.Policy, settings.Env)
	if err != nil {
		return nil, failure.Wrap(failure.PolicyInvalid, "reading the policy", err)
	}

	p := &process{config: settings, door: door, policy: rules, log: log, clock: settings.Clock(), machine: clocks.System()}
	p.requests = metrics.NewRequests(operationNames(), commit)

	if settings.FaultGate != "" {
		p.faults = faults.Gate{URL: settings.FaultGate, Process: "api"}
	}

	if p.db, err = postgres.OpenSized(ctx, settings.StewardDatabase, door.Connections); err != nil {
		return nil, fmt.Errorf("starting: %w", err)
	}

	if p.lookup, err = lookupKey(settings.KeysDir); err != nil {
		p.db.Close()

		return nil, fmt.Errorf("starting: %w", err)
	}

	if p.lookup == nil {
		p.log.WarnContext(ctx, "no account lookup key: each Idempotency-Key is kept as a plain hash", "file", keyfiles.AccountLookup)
	}

	if err := p.checkLookup(ctx); err != nil {
		p.db.Close()

		return nil, err
	}

	p.openVerifier()

	if err := p.openKeeper(); err != nil {
		p.db.Close()

		return nil, err
	}

	return p, nil
}

// serve runs until ctx ends or something that must run cannot. It returns when every
// accepted request was answered and every goroutine has ended.
func (p *process) serve(ctx context.Context) error {
	made, err := newService(p) //nolint:contextcheck // what writes for many requests together ends with none of them
	if err != nil {
		return err
	}

	server, err := p.listen(ctx, made)
	if err != nil {
		return err
	}

	if err := p.listenMetrics(ctx, made); err != nil {
		return err
	}

	p.log.InfoContext(ctx, "api ready", "address", server.Address(), "policy", p.policy.Hash())

	return p.runAll(ctx, server.Run)
}

// runAll runs the server until ctx ends, and what works in the background until the
// server has answered its last request.
func (p *process) runAll(ctx context.Context, serve func(context.Context) error) error {
	group, groupCtx := errgroup.WithContext(context.WithoutCancel(ctx))
	groupCtx, end := context.WithCancel(groupCtx)

	for _, each := range p.background {
		group.Go(func() error { return each(groupCtx) })
	}

	group.Go(func() error {
		defer end() // no request is left that could need them

		serving, stop := context.WithCancel(ctx)
		defer stop()
		defer context.AfterFunc(groupCtx, stop)() // one that must run could not

		return serve(serving)
	})

	return group.Wait() //nolint:wrapcheck // each says what it was doing
}

func (p *process) close() {
	for _, each := range slices.Backward(p.closers) {
		each()
	}

	p.db.Close()
}

// operationNames are the ids of all operations, the closed vocabulary of a metric's label.
func operationNames() []string {
	var names []string
	for _, rule := range access.Table() {
		names = append(names, string(rule.Operation))
	}

	return names
}
