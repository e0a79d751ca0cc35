package environment

import (
	"context"
	"errors"
	"fmt"
	"os"

	"steward/dev/internal/cluster"
)

// Up brings everything to run as the sources in the clone say, and returns with
// all of it running. It may be run again at any time: what is right stays as it is.
func (e *Environment) Up(ctx context.Context, only Only) (err error) {
	unlock, err := e.lock()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	if err := e.prepare(ctx, only); err != nil {
		return err
	}
	if err := e.build(ctx, only); err != nil {
		return err
	}
	if err := e.tellOff(); err != nil {
		return err
	}
	for _, step := range e.steps() {
		if !only.has(step.group) {
			continue
		}
		if err := e.out.Step(ctx, step.name, step.work); err != nil {
			return fmt.Errorf("up: %w", err)
		}
	}
	return e.table(ctx, only)
}

// step is one line of progress.
type step struct {
	group string
	name  string
	work  func(context.Context) (string, error)
}

// steps in the order in which each finds what it needs.
func (e *Environment) steps() []step {
	steps := []step{
		{groupPostgres, partPostgres, func(ctx context.Context) (string, error) {
			return e.upCluster(ctx, partPostgres, e.ensureMain)
		}},
		{groupPostgres, partDrill, func(ctx context.Context) (string, error) {
			return e.upCluster(ctx, partDrill, e.ensureDrill)
		}},
		{groupPostgres, "addresses", func(context.Context) (string, error) { return "", e.writeEnv() }},
		{groupTemporal, partTemporal, e.upTemporal},
		{groupGCS, partGCS, e.upGCS},
		{groupWorker, partMail, e.upMail},
		{groupDemo, "demo app", e.upDemo},
		{groupGCS, "demo files", e.upDemoFiles},
		{groupSetup, "policy", e.upPolicy},
		{groupSetup, "setup", e.upSetup},
	}
	for _, one := range workers() {
		steps = append(steps, step{groupWorker, one.name, func(ctx context.Context) (string, error) {
			return e.upWorker(ctx, one)
		}})
	}
	return append(steps,
		step{groupAPI, partAPI, e.upAPI},
		step{groupAPI, "credentials", e.upCredentials},
		step{groupBackup, "backup", e.upBackup},
	)
}

// upCluster makes a cluster when it is missing, clears what a crash left, runs it,
// and makes its logins and databases.
func (e *Environment) upCluster(
	ctx context.Context, part string, ensure func(context.Context, cluster.Cluster) error,
) (string, error) {
	c, err := e.clusterOf(part)
	if err != nil {
		return "", err
	}
	before := func(ctx context.Context) error {
		if err := c.Init(ctx); err != nil {
			return fmt.Errorf("making it: %w", err)
		}
		if err := c.Recover(ctx); err != nil {
			return fmt.Errorf("recovering it: %w", err)
		}
		if err := c.Configure(); err != nil {
			return fmt.Errorf("configuring it: %w", err)
		}
		return nil
	}
	did, err := e.ensureRunning(ctx, e.postgresSpec(c), before, c.Ask)
	if err != nil {
		return "", err
	}
	return did, ensure(ctx, c)
}

func (e *Environment) upTemporal(ctx context.Context) (string, error) {
	c, err := e.clusterOf(partPostgres)
	if err != nil {
		return "", err
	}
	spec, err := e.temporalSpec(c)
	if err != nil {
		return "", err
	}
	before := func(ctx context.Context) error {
		if err := os.Remove(e.readyFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("clearing its sign: %w", err)
		}
		if err := e.book.CheckFree(ctx, partUI); err != nil {
			return fmt.Errorf("looking for the Web UI's port: %w", err)
		}
		return nil
	}
	return e.ensureRunning(ctx, spec, before, askFile(e.readyFile(), e.askHTTP(partUI, "/healthz")))
}

func (e *Environment) upGCS(ctx context.Context) (string, error) {
	spec, err := e.gcsSpec()
	if err != nil {
		return "", err
	}
	return e.ensureRunning(ctx, spec, nil, e.askTCP(partGCS))
}

// upMail runs the mail server of the vendors worker.
func (e *Environment) upMail(ctx context.Context) (string, error) {
	spec, err := e.mailSpec()
	if err != nil {
		return "", err
	}
	before := func(ctx context.Context) error {
		if err := e.book.CheckFree(ctx, partMailPage); err != nil {
			return fmt.Errorf("looking for the port of the mails' page: %w", err)
		}
		return nil
	}
	return e.ensureRunning(ctx, spec, before, e.askHTTP(partMailPage, "/"))
}

func (e *Environment) upWorker(ctx context.Context, one worker) (string, error) {
	spec, err := e.workerSpec(one)
	if err != nil {
		return "", err
	}
	return e.ensureRunning(ctx, spec, nil, e.askHTTP(one.name, "/healthz"))
}
