package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ErrMajor is returned by Match when the programs of the data's major are gone.
var ErrMajor = errors.New("install that version again, or start over with make reset")

// Match gives the directory of programs that fit existing data: bin itself, or its
// neighbour of the right major (/usr/lib/postgresql/15/bin beside …/18/bin),
// since a cluster is only read by the major that made it. Without data it is bin.
func Match(bin, data string) (string, error) {
	text, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return bin, nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the version of %s: %w", data, err)
	}
	made := strings.TrimSpace(string(text))
	parent := filepath.Dir(bin)
	current := strings.TrimLeft(filepath.Base(parent), "abcdefghijklmnopqrstuvwxyz@-")
	if current == made || strings.Trim(current, "0123456789.") != "" || current == "" {
		// The same, or a layout without versions in its paths: Postgres itself
		// says so when the major does not fit.
		return bin, nil
	}
	neighbour := filepath.Join(filepath.Dir(parent),
		strings.Replace(filepath.Base(parent), current, made, 1), filepath.Base(bin))
	if _, err := os.Stat(filepath.Join(neighbour, "postgres")); err != nil {
		return "", fmt.Errorf("%s was made by PostgreSQL %s, found is %s: %w", data, made, current, ErrMajor)
	}
	return neighbour, nil
}
