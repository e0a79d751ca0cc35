package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// freshVariable names a folder in which the processes of one test run keep fresh clusters that no server has touched, to
// copy them: a copy costs a tenth of what initdb costs. Who sets it removes the folder. Without it each cluster is made anew.
const freshVariable = "STEWARD_PG_FRESH"

// create makes the cluster's files, with its superuser. Copies have the same system identifier.
func (c *Cluster) create(ctx context.Context) error {
	folder := os.Getenv(freshVariable)
	if folder == "" {
		return c.initialise(ctx)
	}

	// One for each version and superuser.
	fresh := filepath.Join(folder, strings.ReplaceAll(c.bin, string(filepath.Separator), "_")+"-"+c.admin)
	if _, err := os.Stat(fresh); errors.Is(err, os.ErrNotExist) {
		if err := keepFresh(ctx, c, folder, fresh); err != nil {
			return err
		}
	}

	copying := c.command(ctx, "cp", "-a", filepath.Join(fresh, dataFolder), filepath.Join(c.dir, dataFolder))
	if output, err := copying.CombinedOutput(); err != nil {
		return fmt.Errorf("copying a fresh cluster: %w: %s", err, output)
	}

	return nil
}

// keepFresh makes a cluster like the given one beside its place, and moves it there whole. Of processes that do it at once
// one has its way, and the others use that one's.
func keepFresh(ctx context.Context, like *Cluster, folder, place string) error {
	dir, err := os.MkdirTemp(folder, "making-")
	if err != nil {
		return fmt.Errorf("making a fresh cluster's folder: %w", err)
	}

	fresh := &Cluster{dir: dir, admin: like.admin, bin: like.bin}
	if fresh.credential, err = unprivileged(dir); err != nil {
		return errors.Join(err, fresh.remove())
	}

	if err := fresh.initialise(ctx); err != nil {
		return errors.Join(err, fresh.remove())
	}

	if err := os.Rename(dir, place); err != nil {
		if _, missing := os.Stat(place); missing != nil {
			return errors.Join(fmt.Errorf("keeping a fresh cluster: %w", err), fresh.remove())
		}

		return fresh.remove()
	}

	return nil
}

func (c *Cluster) initialise(ctx context.Context) error {
	initdb := c.program(ctx, "initdb",
		"--pgdata", filepath.Join(c.dir, dataFolder), "--username", c.admin, "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync", "--no-instructions")
	if output, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("creating a cluster: %w: %s", err, output)
	}

	return nil
}

// program runs one of PostgreSQL's programs where the cluster is.
func (c *Cluster) program(ctx context.Context, name string, args ...string) *exec.Cmd {
	return c.command(ctx, filepath.Join(c.bin, name), args...)
}
