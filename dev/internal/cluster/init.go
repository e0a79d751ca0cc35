package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	// unfinished ends the name of a directory in which initdb is at work.
	unfinished = ".unfinished"
	// privateMode of files that only the Postgres account reads.
	privateMode = 0o600
)

// Init makes the cluster unless it exists. initdb works beside the final place
// and the last step is a rename: a crash leaves no half cluster under Data.
func (c Cluster) Init(ctx context.Context) error {
	exists, err := c.Exists()
	if err != nil || exists {
		return err
	}
	work := c.Data + unfinished
	if err := os.RemoveAll(work); err != nil {
		return fmt.Errorf("clearing %s: %w", work, err)
	}
	// C.UTF-8 knows letters beyond ASCII; systems without it get plain C. Both
	// sort by code point, so a dump compares equal wherever it is restored.
	err = c.initdb(ctx, work, "C.UTF-8")
	if err != nil {
		if clearErr := os.RemoveAll(work); clearErr != nil {
			return fmt.Errorf("clearing %s: %w", work, clearErr)
		}
		err = c.initdb(ctx, work, "C")
	}
	if err != nil {
		return fmt.Errorf("making the cluster %s: %w", c.Name, err)
	}
	if err := os.Rename(work, c.Data); err != nil {
		return fmt.Errorf("making the cluster %s: %w", c.Name, err)
	}
	return nil
}

// initdb makes a cluster in dir, with the superuser's password from a file that
// exists only meanwhile, since arguments are visible to everyone.
func (c Cluster) initdb(ctx context.Context, dir, locale string) (err error) {
	secret := dir + ".password"
	if err := c.writeOwned(secret, c.Password+"\n"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(secret)) }()
	command := exec.CommandContext(ctx, filepath.Join(c.Bin, "initdb"),
		"--pgdata="+dir, "--encoding=UTF8", "--locale="+locale, "--username="+c.Superuser(),
		"--auth=scram-sha-256", "--pwfile="+secret, "--no-instructions")
	command.Env = plainEnv()
	command.Dir = filepath.Dir(dir)
	command.SysProcAttr = &syscall.SysProcAttr{}
	c.Account.Apply(command.SysProcAttr)
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("initdb --locale=%s: %w: %s", locale, err, strings.TrimSpace(output.String()))
	}
	return nil
}

// plainEnv is all that Postgres gets of our environment: its messages are English
// and its clock is UTC whatever the user's shell says.
func plainEnv() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}

// writeOwned writes a private file that belongs to the Postgres account.
func (c Cluster) writeOwned(path, text string) error {
	if err := os.WriteFile(path, []byte(text), privateMode); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	if c.Account.Name == "" {
		return nil
	}
	if err := os.Chown(path, int(c.Account.UID), int(c.Account.GID)); err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
