// Package pgtest gives tests a real PostgreSQL: private throw-away clusters,
// one database for each test, TCP on 127.0.0.1 only. A package that uses it
// calls Main from its TestMain, which stops the clusters.
package pgtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/schema"
)

// shared are the clusters of this test process: starting one takes a second,
// so the tests of a package share it. Owned by mu.
type shared struct {
	mu       sync.Mutex
	clusters map[string]*Cluster
}

//nolint:gochecknoglobals // a test process has one set of clusters, as it has one TestMain
var process = shared{clusters: map[string]*Cluster{}}

// Main runs the tests, stops the clusters they started, and ends the process.
func Main(m *testing.M) {
	code := m.Run()

	if err := process.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)

		code = 1
	}

	os.Exit(code)
}

// Database gives the superuser's URL of a fresh empty database in the shared
// cluster; it is dropped when the test ends.
func Database(t testing.TB) string {
	t.Helper()

	return process.get(t, "postgres").Database(t)
}

// Drill gives the superuser's URL of the shared second cluster, the one in
// which restore drills happen. Its superuser is named unlike any of a source.
func Drill(t testing.TB) string {
	t.Helper()

	return process.get(t, "drill_admin").URL("postgres")
}

// OwnDrill gives the superuser's URL of a drill cluster that no other test uses:
// for tests whose failures leave something behind for a while.
func OwnDrill(t testing.TB) string {
	t.Helper()

	cluster, err := Start(context.WithoutCancel(t.Context()), "drill_admin")
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})

	return cluster.URL("postgres")
}

// Steward gives the superuser's URL of a fresh steward database with all
// migrations applied.
func Steward(t testing.TB) string {
	t.Helper()

	at := Database(t)
	if _, err := schema.Migrate(t.Context(), at); err != nil {
		t.Fatal(err)
	}

	return at
}

// OpenSteward gives the database of Steward, opened as its superuser until the
// test ends.
func OpenSteward(t testing.TB) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), Steward(t))
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

// get gives the shared cluster with this superuser, which is its name too.
func (s *shared) get(t testing.TB, name string) *Cluster {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()

	if cluster, ok := s.clusters[name]; ok {
		return cluster
	}

	cluster, err := Start(context.WithoutCancel(t.Context()), name)
	if err != nil {
		t.Fatal(err)
	}

	s.clusters[name] = cluster

	return cluster
}

func (s *shared) stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()

	for name, cluster := range s.clusters {
		if err := cluster.Stop(); err != nil {
			return fmt.Errorf("stopping the %s cluster: %w", name, err)
		}
	}

	return nil
}

// Database gives the superuser's URL of a fresh empty database in this
// cluster; it is dropped when the test ends.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()

	name := strings.ToLower(ids.New("t"))
	c.run(t, "create database "+pgx.Identifier{name}.Sanitize())
	t.Cleanup(func() { c.run(t, "drop database "+pgx.Identifier{name}.Sanitize()+" with (force)") })

	return c.URL(name)
}

// URL is the superuser's URL of a database in this cluster.
func (c *Cluster) URL(database string) string {
	at := url.URL{
		Scheme: "postgres", User: url.User(c.admin), Host: fmt.Sprintf("127.0.0.1:%d", c.port),
		Path: database, RawQuery: "sslmode=disable",
	}

	return at.String()
}

func (c *Cluster) run(t testing.TB, sql string) {
	t.Helper()

	ctx := context.WithoutCancel(t.Context())

	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}

	_, err = conn.Exec(ctx, sql)
	if closeErr := conn.Close(ctx); err == nil {
		err = closeErr
	}

	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}
