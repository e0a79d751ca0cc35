package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"steward/internal/access"
	"steward/internal/apikey"
	"steward/internal/credential"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/schema"
	"steward/internal/staff"
)

// readers is how many keys share the wrong secrets: an id for which many wrong ones come is told to wait.
const readers = 80

// known is how many accounts there are before anything is measured: signs of life come for these.
const known = 100_000

// world is everything that the bench runs against.
type world struct {
	root     string // of the clone
	dir      string
	bin      string // PostgreSQL's programs
	cluster  *pgtest.Cluster
	server   int // its process
	steward  *postgres.DB
	pool     *pgxpool.Pool // for the bare inserts
	api      *exec.Cmd
	address  string   // of the API
	app      string   // a key with all scopes
	readers  []string // keys that may read promises only
	temporal *counted
	idle     *idle
	next     atomic.Int64 // the next fresh account
}

// newWorld makes one; close ends it, whatever newWorld got to.
func newWorld(ctx context.Context, progress io.Writer) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	w.next.Store(known)
	if w.root, err = clone(ctx); err != nil {
		return w, err
	}
	if w.dir, err = os.MkdirTemp("", "steward-bench-"); err != nil {
		return w, fmt.Errorf("making a folder: %w", err)
	}
	if w.bin, err = pgtest.Bin(); err != nil {
		return w, fmt.Errorf("finding PostgreSQL: %w", err)
	}
	fmt.Fprintln(progress, "PostgreSQL, with fsync")
	if w.cluster, err = pgtest.StartDurable(ctx, "postgres"); err != nil {
		return w, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	if err := w.fill(ctx); err != nil {
		return w, err
	}
	if err := w.credentials(ctx); err != nil {
		return w, err
	}
	if w.temporal, err = listen(ctx); err != nil {
		return w, err
	}
	if w.idle, err = startIdle(ctx); err != nil {
		return w, err
	}
	fmt.Fprintln(progress, "the API")
	binary, err := w.build(ctx)
	if err != nil {
		return w, err
	}
	err = w.start(ctx, binary)
	return w, err
}

func (w *world) close() error {
	var errs []error
	if w.api != nil && w.api.Process != nil {
		errs = append(errs, w.api.Process.Signal(syscall.SIGTERM), w.api.Wait())
	}
	if w.idle != nil {
		errs = append(errs, w.idle.close())
	}
	if w.temporal != nil {
		errs = append(errs, w.temporal.listener.Close())
	}
	if w.pool != nil {
		w.pool.Close()
	}
	if w.steward != nil {
		w.steward.Close()
	}
	if w.cluster != nil {
		errs = append(errs, w.cluster.Stop())
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

// fill makes the steward database, with accounts.
func (w *world) fill(ctx context.Context) (err error) {
	at := w.cluster.URL("postgres")
	if _, err = schema.Migrate(ctx, at); err != nil {
		return fmt.Errorf("preparing the steward database: %w", err)
	}
	if w.steward, err = postgres.Open(ctx, at); err != nil {
		return fmt.Errorf("opening the steward database: %w", err)
	}
	row := w.steward.QueryRow(ctx, `select split_part(pg_read_file('postmaster.pid'), E'\n', 1)::int`)
	if err := row.Scan(&w.server); err != nil {
		return fmt.Errorf("asking PostgreSQL for its process: %w", err)
	}
	if w.pool, err = pgxpool.New(ctx, at+fmt.Sprintf("&pool_max_conns=%d", mostClients)); err != nil {
		return fmt.Errorf("opening the steward database: %w", err)
	}
	for _, sql := range []string{
		fmt.Sprintf(`insert into accounts (id, registered_at, last_interaction_at)
			select n, now(), now() - interval '1 day' from generate_series(1, %d) as n`, known),
		`vacuum analyze accounts`,
		`create table bare_accounts (like accounts including all)`,
	} {
		if _, err := w.steward.Exec(ctx, sql); err != nil {
			return fmt.Errorf("filling the steward database: %w", err)
		}
	}
	return nil
}

// credentials makes the first operator, and two keys of apps in their name.
func (w *world) credentials(ctx context.Context) error {
	now := time.Now()
	member, token, err := staff.Bootstrap(ctx, w.steward, staff.New{Handle: "bench"}, now)
	if err != nil {
		return fmt.Errorf("making the operator: %w", err)
	}
	who := access.Principal{Kind: access.Staff, ID: member.ID, Credential: token.ID, Role: access.Operator}
	makeKey := func(scopes ...access.Scope) (text string, err error) {
		err = w.steward.InTx(ctx, func(ctx context.Context, tx postgres.Tx) error {
			_, key, err := apikey.Make(ctx, tx, who, apikey.New{Label: "bench", Scopes: scopes}, now)
			text = key.Reveal()
			return err
		})
		return text, err
	}
	if w.app, err = makeKey(access.Scopes()...); err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	w.readers = make([]string, readers)
	for i := range w.readers {
		if w.readers[i], err = makeKey(access.PromisesRead); err != nil {
			return fmt.Errorf("making a key: %w", err)
		}
	}
	return nil
}

// stranger is a token that has the right form and that nobody was ever given.
func stranger() string { return credential.Make(access.App).Reveal() }

// clone is the folder of the clone that this program is run in: that of the product's module, as the go command has it.
func clone(ctx context.Context) (string, error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "steward")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("looking for the clone: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build makes the API.
func (w *world) build(ctx context.Context) (binary string, err error) {
	binary = filepath.Join(w.dir, "api")
	build := exec.CommandContext(ctx, "go", "build", "-C", w.root, "-ldflags", "-w", "-o", binary, "./api")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building the API: %w", err)
	}
	return binary, nil
}

// start starts the API, and waits until it is ready.
func (w *world) start(ctx context.Context, binary string) error {
	address, err := free(ctx)
	if err != nil {
		return err
	}
	w.address = address
	log, err := os.Create(filepath.Join(w.dir, "api.log"))
	if err != nil {
		return fmt.Errorf("making its log: %w", err)
	}
	w.api = exec.Command(binary) //nolint:noctx // it ends by SIGTERM, after what it has accepted
	w.api.Stderr = log
	w.api.Env = []string{
		"STEWARD_ENV=dev", "STEWARD_POLICY=" + filepath.Join(w.root, "internal", "policy", "testdata", "working_minimal.yaml"),
		"STEWARD_DATABASE_URL=" + asAPI(w.cluster.URL("postgres")), "STEWARD_API_LISTEN=" + address,
		"STEWARD_API_ADDRESS_RATE=0", "STEWARD_API_CREDENTIAL_RATE=0", "STEWARD_API_DRAIN=0s",
		"STEWARD_API_AUTH_LOG=" + filepath.Join(w.dir, "auth.log"),
		"TEMPORAL_ADDRESS=" + w.temporal.listener.Addr().String(), "HOME=" + w.dir,
	}
	if err := w.api.Start(); err != nil {
		return fmt.Errorf("starting the API: %w", err)
	}
	return w.ready(ctx, log.Name())
}

// asAPI makes every statement run with the rights that the API has in production.
func asAPI(url string) string { return url + "&role=steward_api" }

// startLimit is how long the API may take to be ready; startPause is between two looks.
const (
	startLimit = 30 * time.Second
	startPause = 100 * time.Millisecond
)

func (w *world) ready(ctx context.Context, log string) error {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	ticker := time.NewTicker(startPause)
	defer ticker.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+w.address+"/readyz", http.NoBody)
		if err != nil {
			return fmt.Errorf("asking the API: %w", err)
		}
		if response, err := http.DefaultTransport.RoundTrip(request); err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			text, _ := os.ReadFile(log) //nolint:errcheck // it may say why
			return fmt.Errorf("the API is not ready: %w\n%s", ctx.Err(), strings.TrimSpace(string(text)))
		}
	}
}

func free(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	if err := listener.Close(); err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	return listener.Addr().String(), nil
}

// counted is a socket where Temporal would be: it counts who connects.
type counted struct {
	listener net.Listener
	calls    atomic.Int64
}

func listen(ctx context.Context) (*counted, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening where Temporal would be: %w", err)
	}
	c := &counted{listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.calls.Add(1)
			_ = conn.Close() //nolint:errcheck // it is counted
		}
	}()
	return c, nil
}

func (c *counted) count() int64 { return c.calls.Load() }
