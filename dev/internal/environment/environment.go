// Package environment is `make up`, `down`, `reset`, `env` and `status`: all of
// Steward on one machine, with its state under .dev of the clone.
//
// Whatever happened before (a crash, a reboot, a kill by hand, a half finished
// up), the next up looks at what is really there and brings the rest: every step
// is idempotent, and nothing but the files under .dev remembers anything.
package environment

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"

	"steward/dev/internal/account"
	"steward/dev/internal/cluster"
	"steward/dev/internal/devkeys"
	"steward/dev/internal/ports"
	"steward/dev/internal/procs"
	"steward/dev/internal/progress"
	"steward/dev/internal/state"
)

// logLimit is in bytes for each file of a process' log, of which there are two.
const logLimit = 8 << 20

// Names of the parts, in the table, in the files under .dev and for --only.
const (
	partPostgres = "postgres"
	partDrill    = "postgres-drill"
	partTemporal = "temporal"
	partUI       = "temporal-ui"
	partGCS      = "gcs"
	partMail     = "mail"
	partMailPage = "mail-page"
)

// Environment is one clone's. One command at a time changes it, under the lock.
type Environment struct {
	dir      state.Dir
	book     *ports.Book
	launcher procs.Launcher
	out      *progress.Printer

	// what Prepare finds out
	bin     string
	account account.Account
	place   string
	keys    devkeys.Public
}

// Open reads what is known about the environment of the clone. Nothing is started
// or changed, beside making .dev itself.
func Open(clone string, printer *progress.Printer) (*Environment, error) {
	dir, err := state.Open(clone)
	if err != nil {
		return nil, fmt.Errorf("opening the clone: %w", err)
	}
	book, err := ports.Open(dir.Path("ports.json"))
	if err != nil {
		return nil, fmt.Errorf("opening the clone: %w", err)
	}
	records, err := dir.Sub("run")
	if err != nil {
		return nil, fmt.Errorf("opening the clone: %w", err)
	}
	logs, err := dir.Sub("log")
	if err != nil {
		return nil, fmt.Errorf("opening the clone: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	return &Environment{
		dir: dir, book: book, out: printer,
		launcher: procs.Launcher{
			Self: self, Args: []string{"keep"}, Table: procs.NewTable(records),
			Logs: logs, LogLimit: logLimit, Alive: dir.Path("alive"), Off: dir.Path("off.jsonl"),
		},
	}, nil
}

// choosePorts gives every part its port before anything starts, because the parts
// are told each other's.
func (e *Environment) choosePorts(ctx context.Context) error {
	names := []string{partPostgres, partDrill, partTemporal, partUI, partGCS, partMail, partMailPage, partAPI, partAPIMetrics}
	for _, one := range workers() {
		names = append(names, one.name)
	}
	for _, name := range names {
		if _, err := e.book.Port(ctx, name); err != nil {
			return fmt.Errorf("choosing the port of %s: %w", name, err)
		}
	}
	return nil
}

// address is a part's host and port.
func (e *Environment) address(part string) string {
	return net.JoinHostPort(ports.Host, strconv.Itoa(e.book.Known(part)))
}

// clusterOf describes one of the two clusters.
func (e *Environment) clusterOf(part string) (cluster.Cluster, error) {
	password, err := e.dir.Secret(part + "-superuser")
	if err != nil {
		return cluster.Cluster{}, fmt.Errorf("reading a password: %w", err)
	}
	return cluster.Cluster{
		Name: part, Data: e.place + "/" + part, Port: e.book.Known(part),
		Bin: e.bin, Account: e.account, Password: password,
	}, nil
}

// Clone is the absolute path of the clone.
func (e *Environment) Clone() string { return e.dir.Clone() }

// lock takes the clone and gives what lets go of it.
func (e *Environment) lock() (func() error, error) {
	unlock, err := e.dir.Lock()
	if err != nil {
		return nil, fmt.Errorf("taking the clone: %w", err)
	}
	return unlock, nil
}
