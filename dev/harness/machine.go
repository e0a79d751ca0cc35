package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"steward/dev/internal/ports"
	"steward/dev/internal/temporaldev"
	"steward/internal/ids"
	"steward/internal/pgtest"
)

// Lanes is how many worlds of one loop work at a time: two cores feed no more than a
// few.
const Lanes = 4

// clusters is how many drill clusters there are at most: a drill takes its whole
// cluster, and beside a loop in all its lanes other worlds have theirs.
const clusters = 2 * Lanes

// startTimeout bounds the start of what a test process shares, the first compile
// of the worker included.
const startTimeout = 10 * time.Minute

// The superusers of the clusters. A role of a source must not exist in the drill
// cluster, so its administrator is named unlike any.
const (
	mainAdmin  = "postgres"
	drillAdmin = "drill_admin"
)

// machine is what all worlds of one test process share. Each part starts when a
// test first needs it.
type machine struct {
	once sync.Once
	err  error

	root   string // of the clone
	dir    string // temporary
	worker string // path of the binary
	commit string
	bin    string // of PostgreSQL's programs

	apiOnce sync.Once
	apiErr  error
	api     string // path of the binary, once a world has asked for it

	main       *pgtest.Cluster // app and steward databases
	temporalPG *pgtest.Cluster // Temporal's own, which tests never disturb
	temporal   *temporaldev.Server

	mu     sync.Mutex
	ports  map[int]bool      // that were given to workers, which may be down just now; owned by mu
	drills []*pgtest.Cluster // all that were started; owned by mu
	idle   chan *pgtest.Cluster

	readers map[string]*pgxpool.Pool // of Rows, by URL; owned by mu
}

//nolint:gochecknoglobals // a test process has one machine, as it has one TestMain
var shared = &machine{ports: map[int]bool{}, idle: make(chan *pgtest.Cluster, clusters), readers: map[string]*pgxpool.Pool{}}

// Main runs the tests, stops what they started, and ends the process.
func Main(m *testing.M) {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "harness:", err)
		code = 1
	}
	os.Exit(code) //nolint:revive // it is what TestMain ends with
}

// start brings up what worlds share, once.
func (m *machine) start(t testing.TB) {
	t.Helper()
	m.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
		defer cancel()
		m.err = m.bringUp(ctx)
	})
	if m.err != nil {
		t.Fatal("starting the harness: ", m.err)
	}
}

func (m *machine) bringUp(ctx context.Context) (err error) {
	m.root = clone()
	if m.bin, err = pgtest.Bin(); err != nil {
		return fmt.Errorf("finding PostgreSQL: %w", err)
	}
	if m.dir, err = os.MkdirTemp("", "steward-harness-"); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	if m.main, err = pgtest.Start(ctx, mainAdmin); err != nil {
		return fmt.Errorf("starting the main cluster: %w", err)
	}
	if err := makeRoles(ctx, m.main.URL("postgres")); err != nil {
		return err
	}
	if m.temporalPG, err = pgtest.Start(ctx, mainAdmin); err != nil {
		return fmt.Errorf("starting Temporal's cluster: %w", err)
	}
	m.temporal, err = temporaldev.Start(ctx, temporaldev.Options{PostgresURL: m.temporalPG.URL("temporal")})
	if err != nil {
		return fmt.Errorf("starting Temporal: %w", err)
	}
	return m.build(ctx)
}

// build makes the worker once for all worlds.
func (m *machine) build(ctx context.Context) (err error) {
	m.commit = commitOf(ctx, m.root)
	m.worker, err = m.compile(ctx, "worker")
	return err
}

// compile makes a program of the clone and gives its path. Without -trimpath, unlike `make build`: the packages are those that
// the tests of them have compiled. Debug information is of no use here.
func (m *machine) compile(ctx context.Context, name string) (path string, err error) {
	path = filepath.Join(m.dir, name)
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-w -X main.commit="+m.commit, "-o", path, "./"+name)
	build.Dir = m.root
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w: %s", name, err, output)
	}
	return path, nil
}

// buildAPI makes the API once for the worlds that have one.
func (m *machine) buildAPI(t testing.TB) {
	t.Helper()
	m.apiOnce.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), startTimeout)
		defer cancel()
		m.api, m.apiErr = m.compile(ctx, APIProcess)
	})
	if m.apiErr != nil {
		t.Fatal("starting the harness: ", m.apiErr)
	}
}

// commitOf names what is tested; "unknown" outside of git.
func commitOf(ctx context.Context, root string) string {
	const short = 12
	describe := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", fmt.Sprintf("--abbrev=%d", short))
	describe.Dir = root
	out, err := describe.Output()
	if err != nil || len(out) < 2 {
		return "unknown"
	}
	return string(out[:len(out)-1])
}

// clone is the root of the clone that this file was compiled from.
func clone() string {
	const up = "../.."
	_, file, _, known := runtime.Caller(0)
	if !known {
		return up
	}
	return filepath.Join(filepath.Dir(file), up)
}

// Root is the clone's folder.
func Root() string { return clone() }

// port gives a worker an address that no other of this process has or had.
func (m *machine) port(t testing.TB) int {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	port, err := ports.Free(t.Context(), func(port int) bool { return m.ports[port] })
	if err != nil {
		t.Fatal(err)
	}
	m.ports[port] = true
	return port
}

// lane gives a drill cluster to one world until the test ends.
func (m *machine) lane(t testing.TB) *pgtest.Cluster {
	t.Helper()
	m.mu.Lock()
	if len(m.drills) < clusters && len(m.idle) == 0 {
		started, err := pgtest.Start(context.WithoutCancel(t.Context()), drillAdmin)
		if err != nil {
			m.mu.Unlock()
			t.Fatal("starting a drill cluster: ", err)
		}
		m.drills = append(m.drills, started)
		m.idle <- started
	}
	m.mu.Unlock()
	select {
	case taken := <-m.idle:
		t.Cleanup(func() { m.idle <- taken })
		return taken
	case <-t.Context().Done():
		t.Fatal("waiting for a drill cluster: ", t.Context().Err())
		return nil
	}
}

func (m *machine) stop() error {
	var err error
	if m.temporal != nil {
		err = m.temporal.Stop()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, one := range m.readers {
		one.Close()
	}
	for _, one := range append([]*pgtest.Cluster{m.temporalPG, m.main}, m.drills...) {
		if one != nil {
			err = errors.Join(err, one.Stop())
		}
	}
	if m.dir != "" {
		err = errors.Join(err, os.RemoveAll(m.dir))
	}
	if err != nil {
		return fmt.Errorf("stopping what the tests shared: %w", err)
	}
	return nil
}

// newID is a short random name, for databases and namespaces.
func newID(prefix string) string { return ids.New(prefix) }
