package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"golang.org/x/sync/errgroup"

	"steward/internal/boundary"
	"steward/internal/clocks"
	"steward/internal/config"
	"steward/internal/erasure/everywhere"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/gcs"
	"steward/internal/metrics"
	"steward/internal/patience"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// process is one running worker with everything that its roles share.
type process struct {
	config   config.Config
	policy   *policy.Policy
	roles    []role
	log      *slog.Logger
	clock    clocks.Clock
	steward  *postgres.DB
	drills   *postgres.DB // the drill cluster, for /healthz; nil without that role
	storage  *gcs.Client
	places   *everywhere.Places // that erasures look into; nil without that role
	temporal client.Client
	faults   faults.Injector // nil in production
	metrics  *metrics.Metrics
	workers  []worker.Worker
	// background are goroutines that live as long as the process.
	background []func(context.Context) error
}

// needs are the variables without which these roles could not do their work;
// those of the databases of a policy are asked for where it is read.
func needs(settings config.Config, roles []role) map[string]string {
	values := map[string]string{"STEWARD_DATABASE_URL": settings.StewardDatabase, "STEWARD_KEYS_DIR": settings.KeysDir}

	if slices.Contains(roles, drillRole) {
		values["DRILL_DATABASE_URL"] = settings.DrillDatabase
	}

	return values
}

// open connects to everything and registers what the roles do. Nothing runs yet.
func open(ctx context.Context, settings config.Config, roles []role, log *slog.Logger) (*process, error) {
	if err := config.Need(needs(settings, roles)); err != nil {
		return nil, fmt.Errorf("starting: %w", err)
	}

	rules, err := policy.Load(settings.Policy, settings.Env)
	if err != nil {
		return nil, failure.Wrap(failure.PolicyInvalid, "reading the policy", err)
	}

	p := &process{config: settings, policy: rules, roles: roles, log: log, clock: settings.Clock()}
	p.metrics = p.newMetrics()

	if settings.FaultGate != "" {
		p.faults = faults.Gate{URL: settings.FaultGate, Process: names(roles)}
	}

	if err := p.connect(ctx); err != nil {
		return nil, errors.Join(err, p.close())
	}

	for _, each := range roles {
		if err := p.register(ctx, each); err != nil {
			return nil, errors.Join(err, p.close())
		}
	}

	return p, nil
}

func (p *process) connect(ctx context.Context) (err error) {
	if p.steward, err = postgres.Open(ctx, p.config.StewardDatabase); err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	if slices.Contains(p.roles, drillRole) {
		if p.drills, err = postgres.Open(ctx, p.config.DrillDatabase); err != nil {
			return fmt.Errorf("starting: %w", err)
		}
	}

	if err := p.openStorage(ctx); err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	options, err := config.Temporal()
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}

	options.Logger = sdklog.NewStructuredLogger(p.log)
	// The default identity names the machine and its user.
	options.Identity = "steward-worker/" + names(p.roles)

	p.temporal, err = client.DialContext(ctx, options)

	return config.ReachedTemporal(err)
}

// openStorage opens the client of the buckets, for all roles but the one that has no
// business there and needs no credentials for it.
func (p *process) openStorage(ctx context.Context) error {
	if !slices.ContainsFunc(p.roles, func(one role) bool { return one != vendorsRole }) {
		return nil
	}

	endpoint, err := p.config.StorageEndpoint()
	if err != nil {
		return err
	}

	p.storage, err = gcs.Open(ctx, gcs.Options{
		Endpoint: endpoint, Project: p.config.Project,
		Patience: gcs.Patient().Scaled(float64(p.config.Patience().Factor())),
	})

	return err
}

// newWorker makes the worker of one task queue.
func (p *process) newWorker(queue string, concurrent int) worker.Worker {
	made := worker.New(p.temporal, queue, worker.Options{
		Identity:                           "steward-worker/" + names(p.roles),
		MaxConcurrentActivityExecutionSize: concurrent,
		WorkerStopTimeout:                  p.config.Patience().Of(patience.StopTimeout),
		DisableRegistrationAliasing:        true,
		Interceptors: []interceptor.WorkerInterceptor{
			&metrics.Interceptor{Metrics: p.metrics}, &boundary.Interceptor{Log: p.log, Faults: p.faults},
		},
	})
	p.workers = append(p.workers, made)

	return made
}

// serve runs until ctx ends or something that must run cannot. It returns when
// every goroutine has ended.
func (p *process) serve(ctx context.Context) error {
	if err := p.listen(ctx); err != nil {
		return err
	}

	started := 0
	// Evaluated at the end: those that were started by then.
	defer func() { stopAll(p.workers[:started]) }()

	for _, each := range p.workers {
		if err := each.Start(); err != nil {
			return failure.Wrap(failure.TemporalUnavailable, "starting a worker", err)
		}

		started++
	}

	p.log.InfoContext(ctx, "worker ready", "roles", names(p.roles), "policy", p.policy.Hash())

	group, ctx := errgroup.WithContext(ctx)
	for _, each := range p.background {
		group.Go(func() error { return each(ctx) })
	}

	group.Go(func() error {
		<-ctx.Done()

		return nil
	})

	return group.Wait() //nolint:wrapcheck // each says what it was doing
}

// stopAll stops all workers at once and returns when each has: together they take
// patience.StopTimeout, however many they are.
func stopAll(workers []worker.Worker) {
	var all sync.WaitGroup
	for _, each := range workers {
		all.Go(each.Stop)
	}

	all.Wait()
}

func (p *process) close() error {
	var err error

	if p.temporal != nil {
		p.temporal.Close()
	}

	if p.places != nil {
		p.places.Close()
	}

	if p.storage != nil {
		err = p.storage.Close()
	}

	for _, each := range []*postgres.DB{p.steward, p.drills} {
		if each != nil {
			each.Close()
		}
	}

	return err
}

func names(roles []role) string {
	texts := make([]string, len(roles))
	for i, each := range roles {
		texts[i] = string(each)
	}

	return strings.Join(texts, ",")
}
