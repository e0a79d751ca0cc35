package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// readyPause lies between two attempts to connect.
const readyPause = 50 * time.Millisecond

// Ask connects once and runs a statement: the cluster answers and lets us in.
func (c Cluster) Ask(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminURL("postgres"))
	if err != nil {
		return fmt.Errorf("connecting to the cluster %s: %w", c.Name, err)
	}
	_, err = conn.Exec(ctx, "select 1")
	if err = errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("asking the cluster %s: %w", c.Name, err)
	}
	return nil
}

// Ready waits until the cluster answers or ctx ends. After a crash Postgres first
// replays its log and refuses connections meanwhile.
func (c Cluster) Ready(ctx context.Context) error {
	for {
		err := c.Ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no answer in time: %w", err)
		case <-time.After(readyPause):
		}
	}
}
