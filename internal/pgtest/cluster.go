package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout is how long a new cluster may take to answer on a busy machine.
const startTimeout = 60 * time.Second

// pollInterval is how often a starting cluster is asked for an answer.
const pollInterval = 20 * time.Millisecond

// dataFolder is where PostgreSQL's files are in a cluster's folder.
const dataFolder = "data"

// errNoPrograms says that PostgreSQL is not installed.
var errNoPrograms = errors.New("no PostgreSQL programs found; run: dev/install/postgresql.sh")

// Cluster is one private PostgreSQL cluster, owned by the process that started
// it: the kernel ends the server when that process dies.
type Cluster struct {
	dir   string
	disk  *Disk // nil for a folder of the machine
	bin   string
	port  int
	admin string
	// credential is that of PostgreSQL; nil for our own.
	credential *syscall.Credential
	// durable says that a commit waits for the disk, as in production.
	durable bool
	// strategy is how databases are copied; known once it answers.
	strategy string
	server   *exec.Cmd
	output   output
	done     chan error
	steward  template
}

// errEnded says that the server is no more.
var errEnded = errors.New("PostgreSQL ended")

// Bin is the folder of the newest PostgreSQL programs of this machine, or the one
// that STEWARD_PG_BIN names: that is how the tests run against another version.
func Bin() (string, error) {
	if dir := os.Getenv("STEWARD_PG_BIN"); dir != "" {
		return dir, nil
	}

	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil {
		return "", fmt.Errorf("looking for PostgreSQL: %w", err)
	}

	best, version := "", 0

	for _, dir := range found {
		major, err := strconv.Atoi(filepath.Base(filepath.Dir(dir)))
		if err == nil && major > version {
			best, version = dir, major
		}
	}

	if best != "" {
		return best, nil
	}

	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", errNoPrograms
	}

	return filepath.Dir(path), nil
}

// Start makes a cluster in a temporary folder, with a superuser of the given
// name, and waits until it answers. It runs without fsync: what it holds is
// worth nothing. A commit outlives a crash of the server, if not one of the machine.
func Start(ctx context.Context, superuser string) (*Cluster, error) {
	bin, err := Bin()
	if err != nil {
		return nil, err
	}

	dir, err := os.MkdirTemp("", "steward-pgtest-")
	if err != nil {
		return nil, fmt.Errorf("making the cluster's folder: %w", err)
	}

	return start(ctx, bin, &Cluster{dir: dir, admin: superuser})
}

// StartDurable is Start with fsync, for figures in which a commit has its price.
func StartDurable(ctx context.Context, superuser string) (*Cluster, error) {
	bin, err := Bin()
	if err != nil {
		return nil, err
	}

	dir, err := os.MkdirTemp("", "steward-pgtest-")
	if err != nil {
		return nil, fmt.Errorf("making the cluster's folder: %w", err)
	}

	return start(ctx, bin, &Cluster{dir: dir, admin: superuser, durable: true})
}

// StartOn is Start on a disk of its own, which Stop takes away, or StartOn itself if it fails.
func StartOn(ctx context.Context, superuser string, disk *Disk) (*Cluster, error) {
	bin, err := Bin()
	if err != nil {
		return nil, err
	}

	return start(ctx, bin, &Cluster{dir: disk.dir, disk: disk, admin: superuser})
}

func start(ctx context.Context, bin string, cluster *Cluster) (*Cluster, error) {
	var err error
	if cluster.credential, err = unprivileged(cluster.dir); err != nil {
		return nil, errors.Join(err, cluster.remove())
	}

	cluster.bin = bin
	if err := cluster.create(ctx); err != nil {
		return nil, errors.Join(err, cluster.remove())
	}

	if err := cluster.serve(ctx); err != nil {
		return nil, errors.Join(err, cluster.Stop())
	}

	return cluster, nil
}

// unprivileged gives the credential under which PostgreSQL runs when we are
// root, which it refuses to be, and hands it the folder.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil //nolint:nilnil // no other credential is needed
	}

	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}

	if err != nil {
		return nil, fmt.Errorf("finding a user for PostgreSQL: %w", err)
	}

	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)

	if err := errors.Join(uidErr, gidErr, os.Chown(dir, int(uid), int(gid))); err != nil {
		return nil, fmt.Errorf("handing the cluster's folder over: %w", err)
	}

	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// command runs a program where the cluster is, as PostgreSQL's user.
func (c *Cluster) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	if c.disk != nil {
		return c.disk.command(ctx, c.credential, program, args...)
	}

	command := exec.CommandContext(ctx, program, args...)
	command.Dir = c.dir
	command.SysProcAttr = &syscall.SysProcAttr{Credential: c.credential}

	return command
}

// serve starts the server, which outlives ctx: Stop ends it.
func (c *Cluster) serve(ctx context.Context) error {
	port, err := freePort(ctx)
	if err != nil {
		return err
	}

	c.port = port
	if err := c.start(context.WithoutCancel(ctx)); err != nil {
		return err
	}

	return c.waitReady(ctx)
}

// start starts the server at the cluster's port; it ends with ctx.
func (c *Cluster) start(ctx context.Context) error {
	flushes := "off"
	if c.durable {
		flushes = "on"
	}

	c.server = c.program(ctx, "postgres",
		"-D", filepath.Join(c.dir, dataFolder), "-p", strconv.Itoa(c.port), "-h", "127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "fsync="+flushes, "-c", "full_page_writes="+flushes, "-c", "max_connections=200", "-c", "max_prepared_transactions=10")
	c.server.Stdout, c.server.Stderr = &c.output, &c.output
	c.server.WaitDelay = startTimeout // a killed server's children may hold its output for a moment

	if c.server.SysProcAttr == nil {
		c.server.SysProcAttr = &syscall.SysProcAttr{}
	}

	c.server.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	c.done = make(chan error, 1)

	started := make(chan error, 1)
	go hold(c.server, started, c.done)

	if err := <-started; err != nil {
		return fmt.Errorf("starting PostgreSQL: %w", err)
	}

	return nil
}

// hold starts the server and waits for it on one locked thread, since the
// kernel's death signal follows the thread that started a child.
func hold(server *exec.Cmd, started, done chan<- error) {
	runtime.LockOSThread()

	err := server.Start()
	started <- err

	if err == nil {
		done <- server.Wait()
	}

	close(done)
}

func (c *Cluster) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()

	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()

	for {
		conn, err := pgx.Connect(ctx, c.URL("postgres"))
		if err == nil {
			c.strategy = strategyFor(conn.PgConn().ParameterStatus("server_version"))

			return conn.Close(ctx)
		}

		select {
		case <-ticker.C:
		case exit := <-c.done:
			return fmt.Errorf("%w: %s", errors.Join(errEnded, exit), c.output.String())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w", err)
		}
	}
}

// Port is the TCP port on 127.0.0.1.
func (c *Cluster) Port() int { return c.port }

// Stop ends the server and removes its folder.
func (c *Cluster) Stop() error {
	if c.server != nil && c.server.Process != nil {
		// It may have ended by itself; its folder goes in any case.
		_ = c.server.Process.Signal(syscall.SIGQUIT)

		<-c.done
	}

	return c.remove()
}

func (c *Cluster) remove() error {
	if c.disk != nil {
		return c.disk.Close()
	}

	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("removing the cluster: %w", err)
	}

	return nil
}

func freePort(ctx context.Context) (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}

	address, ok := listener.Addr().(*net.TCPAddr)
	if err := listener.Close(); err != nil || !ok {
		return 0, fmt.Errorf("looking for a free port: %w", err)
	}

	return address.Port, nil
}
