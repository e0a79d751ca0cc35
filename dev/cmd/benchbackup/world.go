package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"filippo.io/age"
	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/note"

	"steward/dev/demoapp"
	"steward/dev/internal/cputime"
	"steward/internal/catalogue"
	storage "steward/internal/gcs"
	"steward/internal/ids"
	"steward/internal/pgtest"
	"steward/internal/postgres"
	"steward/internal/schema"
)

const bucketName = "bench-backups"

// world is everything that the bench runs against.
type world struct {
	plan // what every child gets

	dir     string
	bin     string
	source  *pgtest.Cluster
	drill   *pgtest.Cluster
	storage *exec.Cmd
	steward *postgres.DB
	client  *storage.Client
	days    int
	servers []int // the pids of both postmasters
}

// newWorld makes an empty one; close ends it, whatever newWorld got to.
func newWorld(ctx context.Context) (w *world, err error) {
	w = &world{}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.dir, err = os.MkdirTemp("", "steward-bench-"); err != nil {
		return w, fmt.Errorf("making a folder: %w", err)
	}
	if w.bin, err = pgtest.Bin(); err != nil {
		return w, fmt.Errorf("finding PostgreSQL: %w", err)
	}
	if w.source, err = pgtest.Start(ctx, "postgres"); err != nil {
		return w, fmt.Errorf("starting the source: %w", err)
	}
	if w.drill, err = pgtest.Start(ctx, "drill_admin"); err != nil {
		return w, fmt.Errorf("starting the drill cluster: %w", err)
	}
	if err := w.makeKeys(); err != nil {
		return w, err
	}
	if err := w.startStorage(ctx); err != nil {
		return w, err
	}
	err = w.openSteward(ctx)
	return w, err
}

func (w *world) close() error {
	var errs []error
	if w.steward != nil {
		w.steward.Close()
	}
	if w.client != nil {
		errs = append(errs, w.client.Close())
	}
	if w.storage != nil && w.storage.Process != nil {
		errs = append(errs, w.storage.Process.Signal(syscall.SIGTERM))
		_ = w.storage.Wait() //nolint:errcheck // it was told to end; how it does is of no interest
	}
	for _, cluster := range []*pgtest.Cluster{w.source, w.drill} {
		if cluster != nil {
			errs = append(errs, cluster.Stop())
		}
	}
	if w.dir != "" {
		errs = append(errs, os.RemoveAll(w.dir))
	}
	return errors.Join(errs...)
}

func (w *world) makeKeys() error {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return fmt.Errorf("making keys: %w", err)
	}
	w.Identity, w.Recipient = identity.String(), identity.Recipient().String()
	w.Signer, w.Verifier, err = note.GenerateKey(rand.Reader, project)
	if err != nil {
		return fmt.Errorf("making keys: %w", err)
	}
	return nil
}

func (w *world) startStorage(ctx context.Context) (err error) {
	server := w.plan
	server.Role, server.Dir = "storage", filepath.Join(w.dir, "storage")
	if w.storage, err = server.command(ctx); err != nil {
		return err
	}
	out, err := w.storage.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting the storage: %w", err)
	}
	// It is started from the main goroutine, whose thread lives as long as the program.
	if err := w.storage.Start(); err != nil {
		return fmt.Errorf("starting the storage: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return fmt.Errorf("waiting for the storage: %w", err)
	}
	w.Storage = strings.TrimSpace(line)
	if w.client, err = storage.Open(ctx, storage.Options{Endpoint: w.Storage, Project: project}); err != nil {
		return fmt.Errorf("opening the storage: %w", err)
	}
	if _, err = w.client.Bucket(bucketName).Create(ctx, storage.Settings{Location: "EU", UniformAccess: true}); err != nil {
		return fmt.Errorf("making the bucket: %w", err)
	}
	return nil
}

func (w *world) openSteward(ctx context.Context) (err error) {
	w.Steward, w.Admin = w.source.URL("steward"), w.drill.URL("postgres")
	if err := exec1(ctx, w.source.URL("postgres"), "create database steward"); err != nil {
		return err
	}
	if _, err := schema.Migrate(ctx, w.Steward); err != nil {
		return fmt.Errorf("preparing the steward database: %w", err)
	}
	if w.steward, err = postgres.Open(ctx, w.Steward); err != nil {
		return fmt.Errorf("opening the steward database: %w", err)
	}
	for _, url := range []string{w.Steward, w.Admin} {
		lines, err := column(ctx, url, "select split_part(pg_read_file('postmaster.pid'), E'\n', 1)")
		if err != nil {
			return err
		}
		pid, err := strconv.Atoi(strings.Join(lines, ""))
		if err != nil {
			return fmt.Errorf("reading the pid of a server: %w", err)
		}
		w.servers = append(w.servers, pid)
	}
	return nil
}

// bytesPerDisplay is what one display of the demo app, with all that comes with it, takes of a plain dump.
const bytesPerDisplay = 350

// displaysPerAccount is the demo app's own proportion.
const displaysPerAccount = 1000

// fill makes a database whose plain dump has about so many bytes, and gives its URL.
func (w *world) fill(ctx context.Context, name string, bytes int64, progress io.Writer) (string, error) {
	displays := int(bytes / bytesPerDisplay)
	if err := exec1(ctx, w.source.URL("postgres"), "create database "+name); err != nil {
		return "", err
	}
	url := w.source.URL(name)
	if err := demoapp.Install(ctx, url); err != nil {
		return "", fmt.Errorf("preparing %s: %w", name, err)
	}
	size := demoapp.Size{Accounts: max(demoapp.MinAccounts, displays/displaysPerAccount), Displays: displays, Seed: 1}
	started := time.Now()
	if err := demoapp.Fill(ctx, url, size, nil); err != nil {
		return "", fmt.Errorf("filling %s: %w", name, err)
	}
	// A vacuum now keeps the server from doing it while it is measured.
	if err := exec1(ctx, url, "vacuum freeze analyze"); err != nil {
		return "", err
	}
	sayf(progress, "filled %s with %d displays in %.0f s", name, displays, time.Since(started).Seconds())
	return url, nil
}

// open opens one more business day for a backup.
func (w *world) open(ctx context.Context) (string, error) {
	w.days++
	now := time.Now()
	opened, err := catalogue.Open(ctx, w.steward, catalogue.Backup{
		ID: ids.New("bkp"), Database: project, Day: now.AddDate(0, 0, -w.days).Format(time.DateOnly),
		Attempt: ids.New("att"), Owner: project, OpenedAt: now,
	})
	if err != nil {
		return "", fmt.Errorf("opening a day: %w", err)
	}
	return opened.ID, nil
}

// remove frees the disk of a backup that was measured.
func (w *world) remove(ctx context.Context, backup string) error {
	objects, err := catalogue.Objects(ctx, w.steward, backup)
	if err != nil {
		return fmt.Errorf("listing what is stored: %w", err)
	}
	for _, object := range objects {
		if err := w.client.Bucket(bucketName).Delete(ctx, object.Name, object.Generation); err != nil {
			return fmt.Errorf("removing what is stored: %w", err)
		}
	}
	return nil
}

// calm writes what both clusters still hold back, so that no measurement pays for the one before.
func (w *world) calm(ctx context.Context) error {
	return errors.Join(exec1(ctx, w.source.URL("postgres"), "checkpoint"), exec1(ctx, w.Admin, "checkpoint"))
}

// cpu is the processor time that the children of this program and the servers' ended connections have used so far. The
// storage stand-in, which lives on, is not in it.
func (w *world) cpu() (float64, error) {
	used, err := cpuSeconds(syscall.RUSAGE_CHILDREN)
	if err != nil {
		return 0, err
	}
	for _, pid := range w.servers {
		more, err := cputime.Of(pid, true)
		if err != nil {
			return 0, fmt.Errorf("asking for a server's: %w", err)
		}
		used += more
	}
	return used, nil
}

// exec1 sends one statement on a connection of its own.
func exec1(ctx context.Context, url, sql string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("connecting: %w", err)
	}
	_, err = conn.Exec(ctx, sql)
	if err := errors.Join(err, conn.Close(ctx)); err != nil {
		return fmt.Errorf("running %q: %w", sql, err)
	}
	return nil
}

// column reads a query of one text column on a connection of its own.
func column(ctx context.Context, url, sql string) ([]string, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	rows, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("running %q: %w", sql, err), conn.Close(ctx))
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return found, errors.Join(err, conn.Close(ctx))
}

// sayf tells a person how far the bench is. A terminal that is gone does not stop it.
func sayf(progress io.Writer, format string, args ...any) {
	_, _ = fmt.Fprintf(progress, format+"\n", args...) // see above
}
