// Package pgtest gives tests a real PostgreSQL: private throw-away clusters,
// one database for each test, TCP on 127.0.0.1 only. A package that uses it
// calls Main from its TestMain, which stops the clusters.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/internal/postgres"
)

// shared are the clusters of this test process: starting one takes a second,
// so the tests of a package share it. Owned by mu.
type shared struct {
	mu       sync.Mutex
	clusters map[string]*Cluster
}

// mainCluster is the one in which the tests' databases are, and its superuser.
const mainCluster = "postgres"

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

	return process.get(t, mainCluster).Database(t)
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

	return own(t, "drill_admin").URL("postgres")
}

// Own gives a cluster that no other test uses, with the superuser postgres. It ends with
// the test.
func Own(t testing.TB) *Cluster {
	t.Helper()

	return own(t, "postgres")
}

func own(t testing.TB, superuser string) *Cluster {
	t.Helper()

	cluster, err := Start(context.WithoutCancel(t.Context()), superuser)
	if err != nil {
		t.Fatal(err)
	}

	EndWith(t, cluster)

	return cluster
}

// EndWith stops a cluster when its test is over.
func EndWith(t testing.TB, cluster *Cluster) {
	t.Helper()

	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
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

	return c.copyOf(t, "template1")
}

// URL is the superuser's URL of a database in this cluster.
func (c *Cluster) URL(database string) string {
	at := url.URL{
		Scheme: "postgres", User: url.User(c.admin), Host: fmt.Sprintf("127.0.0.1:%d", c.port),
		Path: database, RawQuery: "sslmode=disable",
	}

	return at.String()
}

// exec runs a statement of the superuser's on a connection of its own.
func (c *Cluster) exec(ctx context.Context, sql string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}

	_, err = conn.Exec(ctx, sql)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("%s: %w", sql, err)
	}

	return nil
}
