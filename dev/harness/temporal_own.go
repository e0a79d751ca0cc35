package harness

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/dev/internal/ports"
	"steward/dev/internal/temporaldev"
)

// ownTemporal is the server of one world alone.
type ownTemporal struct {
	server   *temporaldev.Server
	database string // its main one
}

// temporalAddress is where the world's Temporal is.
func (w *World) temporalAddress() string {
	if w.temporal != nil {
		return w.temporal.server.Address()
	}
	return shared.temporal.Address()
}

// startTemporal starts the world's own server, on databases of its own.
func (w *World) startTemporal(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
	defer cancel()
	w.temporal = &ownTemporal{database: newID("temporal")}
	if err := w.temporal.start(ctx, 0); err != nil {
		t.Fatal("starting a Temporal of the world's own: ", err)
	}
	t.Cleanup(func() {
		if err := w.temporal.server.Stop(); err != nil {
			t.Error("stopping the world's Temporal: ", err)
		}
	})
}

func (o *ownTemporal) start(ctx context.Context, port int) (err error) {
	o.server, err = temporaldev.Start(ctx, temporaldev.Options{PostgresURL: shared.temporalPG.URL(o.database), FrontendPort: port})
	return err //nolint:wrapcheck // wrapped by the callers
}

// LoseTemporal drops the databases of the world's own Temporal while it serves, and gives a server in its place, at the same
// address, that has never heard of anything: not even of the namespace. It needs Options.Temporal.
func (w *World) LoseTemporal(ctx context.Context) error {
	for _, name := range []string{w.temporal.database, w.temporal.database + "_visibility"} {
		drop := "drop database " + pgx.Identifier{name}.Sanitize() + " with (force)"
		if err := Exec(ctx, shared.temporalPG.URL("postgres"), drop); err != nil {
			return fmt.Errorf("dropping a database of Temporal: %w", err)
		}
	}
	// What it still wants to write it cannot.
	port, err := strconv.Atoi(strings.TrimPrefix(w.temporalAddress(), ports.Host+":"))
	if err = errors.Join(err, w.temporal.server.Stop()); err != nil {
		return fmt.Errorf("stopping a Temporal without its databases: %w", err)
	}
	if err := w.temporal.start(ctx, port); err != nil {
		return fmt.Errorf("starting an empty Temporal: %w", err)
	}
	return nil
}
