package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Standby starts a replica that streams from this cluster and answers queries; the
// caller stops it. Its statements are those of any cluster, such as ALTER SYSTEM.
func (c *Cluster) Standby(ctx context.Context) (*Cluster, error) {
	dir, err := os.MkdirTemp("", "steward-pgtest-")
	if err != nil {
		return nil, fmt.Errorf("making the replica's folder: %w", err)
	}

	replica := &Cluster{dir: dir, admin: c.admin, bin: c.bin}
	if replica.credential, err = unprivileged(dir); err != nil {
		return nil, errors.Join(err, replica.remove())
	}

	backup := replica.program(ctx, "pg_basebackup", "--dbname="+c.URL("postgres"), "--pgdata="+filepath.Join(dir, dataFolder),
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	if output, err := backup.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("copying the cluster: %w: %s", err, output), replica.remove())
	}

	if err := replica.serve(ctx); err != nil {
		return nil, errors.Join(err, replica.Stop())
	}

	return replica, nil
}
