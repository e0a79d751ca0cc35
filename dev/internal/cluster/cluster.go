// Package cluster makes and runs private PostgreSQL clusters for the dev
// environment and its tests: on loopback TCP only (long paths break sockets),
// with a password for everybody, never on Debian's own cluster.
package cluster

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"steward/dev/internal/account"
	"steward/dev/internal/ports"
)

// Cluster is one PostgreSQL cluster. It is a description; nothing runs because of it.
type Cluster struct {
	// Name is for messages: main or drill.
	Name string
	// Data is the data directory. Its parent must exist and belong to Account.
	Data string
	// Port on loopback.
	Port int
	// Bin is the directory of PostgreSQL's programs.
	Bin string
	// Account that Postgres runs as.
	Account account.Account
	// Password of Superuser.
	Password string
}

// Superuser is the role that initdb makes. Nothing but this package's callers logs
// in with it. Each cluster has another: a drill refuses a cluster that has a role
// of the source, whose powers a restore could borrow.
func (c Cluster) Superuser() string { return "admin_of_" + strings.ReplaceAll(c.Name, "-", "_") }

// URL names a database of the cluster for a login.
func (c Cluster) URL(login, password, database string) string {
	out := url.URL{
		Scheme: "postgres",
		User:   url.UserPassword(login, password),
		Host:   net.JoinHostPort(ports.Host, strconv.Itoa(c.Port)),
		Path:   "/" + database,
		// There is no TLS on a loopback cluster; saying so spares each connection a question.
		RawQuery: "sslmode=disable",
	}
	return out.String()
}

// AdminURL names a database of the cluster for the superuser.
func (c Cluster) AdminURL(database string) string { return c.URL(c.Superuser(), c.Password, database) }

// Program is the server's binary and Args are its arguments: it stays in the
// foreground and logs to standard error, so whoever starts it owns and bounds the log.
func (c Cluster) Program() string { return filepath.Join(c.Bin, "postgres") }

// Args of Program.
func (c Cluster) Args() []string { return []string{"-D", c.Data} }

// Exists tells whether the cluster was made.
func (c Cluster) Exists() (bool, error) {
	_, err := os.Stat(filepath.Join(c.Data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for the cluster %s: %w", c.Name, err)
	}
	return true, nil
}
