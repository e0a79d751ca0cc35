// Package temporaldev runs a real Temporal server (frontend, history, matching
// and worker services) and its Web UI inside this process, on a Postgres that the
// caller owns: for `make up`, whole-system tests and benchmarks. Production meets
// a Temporal cluster of its own; nothing here ships.
package temporaldev

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"steward/dev/internal/ports"
)

const (
	// DefaultNamespace is where all of Steward's workflows live.
	DefaultNamespace = "steward"
	// DefaultRetention is how long a closed run stays readable. It is short,
	// because Temporal keeps no evidence (DESIGN 6): the ledger does.
	DefaultRetention = 72 * time.Hour
	// visibilitySuffix makes the visibility database's name from the main one's.
	visibilitySuffix = "_visibility"
)

// Options say where the server keeps its state and where it listens.
type Options struct {
	// PostgresURL names the main database, with a login that owns it. The
	// visibility database has the same name with "_visibility" behind. Either is
	// created when it is missing, for which the login needs CREATEDB.
	PostgresURL string
	// FrontendPort is the loopback port of the gRPC API; 0 chooses a free one.
	FrontendPort int
	// UIPort is the loopback port of the Web UI; 0 means no Web UI.
	UIPort int
	// Namespace is registered when missing; "" means DefaultNamespace.
	Namespace string
	// Retention of closed runs in Namespace; 0 means DefaultRetention. Temporal's
	// minimum is one hour.
	Retention time.Duration
	// TimeSkipping lets clients skip time in executions (package timeskip). Tests
	// set it; `make up` does not.
	TimeSkipping bool
	// LogLevel is debug, info, warn or error, and logs go to standard error as
	// JSON lines; "" means no logs.
	LogLevel string
}

// withDefaults fills what the caller left out and refuses what cannot work.
func (o Options) withDefaults(ctx context.Context) (Options, error) {
	if o.Namespace == "" {
		o.Namespace = DefaultNamespace
	}
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.FrontendPort == 0 {
		port, err := ports.Free(ctx, nil)
		if err != nil {
			return o, fmt.Errorf("choosing the frontend's port: %w", err)
		}
		o.FrontendPort = port
	}
	return o, nil
}

// database is a parsed PostgresURL.
type database struct {
	host     string
	user     string
	password string
	name     string
}

// errBadURL is returned for a PostgresURL that does not name all four parts. The
// URL itself stays out of the text, since it holds a password.
var errBadURL = errors.New("the Postgres URL must look like postgres://login:password@127.0.0.1:port/database")

func parseURL(text string) (database, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.User == nil {
		return database{}, errBadURL
	}
	password, _ := parsed.User.Password()
	db := database{
		host:     parsed.Host,
		user:     parsed.User.Username(),
		password: password,
		name:     strings.TrimPrefix(parsed.Path, "/"),
	}
	if db.host == "" || db.user == "" || db.name == "" {
		return database{}, errBadURL
	}
	return db, nil
}

// visibility is the database beside db that holds the searchable copy.
func (db database) visibility() database {
	db.name += visibilitySuffix
	return db
}

// url renders db for a Postgres driver, with another database's name if asked.
func (db database) url(name string) string {
	out := url.URL{Scheme: "postgres", User: url.UserPassword(db.user, db.password), Host: db.host, Path: "/" + name}
	return out.String()
}
