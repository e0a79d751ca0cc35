package pgtest

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/ids"
	"steward/internal/schema"
)

// stewardTemplate is the database of which those of Steward are copies.
const stewardTemplate = "steward_template"

// template is a database with all migrations, made when a test first needs one: to copy
// it costs a tenth of what it costs to apply them.
type template struct {
	once sync.Once
	err  error
}

// Steward gives the superuser's URL of a fresh steward database with all
// migrations applied. What they draw at random is the same in each of this process.
func Steward(t testing.TB) string {
	t.Helper()

	return process.get(t, mainCluster).Steward(t)
}

// Steward is the function of that name for a cluster that the caller started.
func (c *Cluster) Steward(t testing.TB) string {
	t.Helper()

	c.steward.once.Do(func() {
		c.steward.err = c.makeTemplate(context.WithoutCancel(t.Context()))
	})

	if c.steward.err != nil {
		t.Fatal("making the template: ", c.steward.err)
	}

	return c.copyOf(t, stewardTemplate)
}

// Migrated gives the superuser's URL of a fresh steward database to which the
// migrations were applied one by one: what they draw at random is its own.
func Migrated(t testing.TB) string {
	t.Helper()

	at := Database(t)
	if _, err := schema.Migrate(t.Context(), at); err != nil {
		t.Fatal(err)
	}

	return at
}

// strategyFor says how a server of this version copies a database: as files, with what
// its first connection has worked out about its catalogue. Through the write-ahead log,
// as version 15 and later do it else, takes twice as long; earlier ones know no other way.
func strategyFor(version string) string {
	const since = 15

	major, _, _ := strings.Cut(version, ".")
	if number, err := strconv.Atoi(major); err != nil || number < since {
		return ""
	}

	return " strategy file_copy"
}

// makeTemplate makes the database and lets nobody in any more, so that nobody keeps it
// from being copied.
func (c *Cluster) makeTemplate(ctx context.Context) error {
	if err := c.exec(ctx, "create database "+stewardTemplate); err != nil {
		return err
	}

	if _, err := schema.Migrate(ctx, c.URL(stewardTemplate)); err != nil {
		return fmt.Errorf("migrating it: %w", err)
	}

	return c.exec(ctx, "alter database "+stewardTemplate+" allow_connections false")
}

// copyOf gives the superuser's URL of a fresh copy of a database of this cluster; it is
// dropped when the test ends.
func (c *Cluster) copyOf(t testing.TB, source string) string {
	t.Helper()

	name := strings.ToLower(ids.New("t"))
	quoted := pgx.Identifier{name}.Sanitize()
	ctx := context.WithoutCancel(t.Context())

	if err := c.exec(ctx, "create database "+quoted+" template "+source+c.strategy); err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := c.exec(ctx, "drop database "+quoted+" with (force)"); err != nil {
			t.Fatal(err)
		}
	})

	return c.URL(name)
}
