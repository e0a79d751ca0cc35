package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"steward/internal/config"
	"steward/internal/console"
	"steward/internal/failure"
	"steward/internal/gcs"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// app is one run of the command: where it speaks, and what it has opened so far.
// A command opens only what it needs, so that offline ones need nothing.
type app struct {
	console *console.Console
	// ownEnv says that the command line keeps to its own variables: no .dev/env.
	ownEnv  bool
	closers []io.Closer
}

// close closes what was opened, the last first.
func (a *app) close() error {
	var err error
	for _, closer := range slices.Backward(a.closers) {
		err = errors.Join(err, closer.Close())
	}

	return err
}

// closing makes a Closer of a function that cannot fail.
type closing func()

// Close implements io.Closer.
func (c closing) Close() error {
	c()

	return nil
}

// load reads the environment and the policy that it names.
func (a *app) load() (config.Config, *policy.Policy, error) {
	settings, err := config.Load()
	if err != nil {
		return settings, nil, err
	}

	rules, err := policy.Load(settings.Policy, settings.Env)

	return settings, rules, failure.Wrap(failure.PolicyInvalid, "reading the policy", err)
}

// database opens the steward database.
func (a *app) database(ctx context.Context, settings config.Config) (*postgres.DB, error) {
	if err := config.Need(map[string]string{"STEWARD_DATABASE_URL": settings.StewardDatabase}); err != nil {
		return nil, err
	}

	db, err := postgres.Open(ctx, settings.StewardDatabase)
	if err != nil {
		return nil, err
	}

	a.closers = append(a.closers, closing(db.Close))

	return db, nil
}

// storage opens the client of the buckets.
func (a *app) storage(ctx context.Context, settings config.Config) (*gcs.Client, error) {
	endpoint, err := settings.StorageEndpoint()
	if err != nil {
		return nil, err
	}

	opened, err := gcs.Open(ctx, gcs.Options{
		Endpoint: endpoint, Project: settings.Project,
		Patience: gcs.Patient().Scaled(float64(settings.Patience().Factor())),
	})
	if err != nil {
		return nil, err
	}

	a.closers = append(a.closers, opened)

	return opened, nil
}

// temporalOptions are those of Temporal's own variables. Nothing is logged: what
// is wrong comes back as an error. The default identity would name the machine
// and its user.
func temporalOptions() (client.Options, error) {
	options, err := config.Temporal()
	if err != nil {
		return options, err
	}

	options.Logger = sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))
	options.Identity = "steward"

	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}

	return options, nil
}

// dial reaches Temporal; the caller closes the client.
func dial(ctx context.Context, options client.Options) (client.Client, error) {
	c, err := client.DialContext(ctx, options)

	return c, config.ReachedTemporal(err)
}

// temporal reaches Temporal and tells in which namespace.
func (a *app) temporal(ctx context.Context) (client.Client, string, error) {
	options, err := temporalOptions()
	if err != nil {
		return nil, "", err
	}

	c, err := dial(ctx, options)
	if err != nil {
		return nil, "", err
	}

	a.closers = append(a.closers, closing(c.Close))

	return c, options.Namespace, nil
}
