package demoapp

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// closeTimeout bounds the goodbye to a server that no longer answers.
const closeTimeout = 5 * time.Second

// connect opens one plain session. Scripts of several statements need the simple protocol's behaviour, which pgx has
// for statements without arguments when they are sent in this mode.
func connect(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the demo app's database URL: %w", err)
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	config.RuntimeParams["application_name"] = "demoapp"
	config.RuntimeParams["timezone"] = "UTC"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the demo app's database: %w", err)
	}
	return conn, nil
}

// disconnect says goodbye even when ctx has ended; what was committed does not depend on it.
func disconnect(ctx context.Context, conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	//nolint:errcheck,gosec // the server ends a session that it no longer hears from; nothing hangs on the goodbye
	conn.Close(ctx)
}
