package procs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"steward/dev/internal/account"
	"steward/dev/internal/state"
)

// Spec says what to run. Everything in it is written to disk (0600), because it
// holds the process' own secrets.
type Spec struct {
	// Name is unique in the clone and names the record and the log.
	Name string `json:"name"`
	// Program is the absolute path of the binary.
	Program string `json:"program"`
	// Args follow the program's name.
	Args []string `json:"args"`
	// Env is the whole environment, as NAME=value: a process gets its own secrets
	// and nothing of the shell that typed `make up`.
	Env []string `json:"env"`
	// Dir is the working directory.
	Dir string `json:"dir"`
	// Account that it runs as.
	Account account.Account `json:"account"`
	// Quick asks for SIGINT instead of SIGTERM at the end: Postgres' fast
	// shutdown, which does not wait for its clients.
	Quick bool `json:"quick"`
	// Inputs stands for whatever else it reads at its start (settings, policy): a
	// spec with other inputs is another spec.
	Inputs string `json:"inputs"`
	// Digest tells two versions of the program apart; Fingerprint fills it.
	Digest string `json:"digest"`
}

// Fingerprint gives the spec with the digest of its program's bytes.
func (s Spec) Fingerprint() (Spec, error) {
	file, err := os.Open(s.Program)
	if err != nil {
		return s, fmt.Errorf("reading %s: %w", s.Program, err)
	}
	sum := sha256.New()
	_, copyErr := io.Copy(sum, file)
	if err := errors.Join(copyErr, file.Close()); err != nil {
		return s, fmt.Errorf("reading %s: %w", s.Program, err)
	}
	s.Digest = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// Record is what the keeper of a running process writes down.
type Record struct {
	// Spec as it was started.
	Spec Spec `json:"spec"`
	// Keeper is our own process that owns the log and forwards the end.
	Keeper Identity `json:"keeper"`
	// Child is the program itself.
	Child Identity `json:"child"`
}

// Running tells whether the program itself runs.
func (r Record) Running() bool { return r.Child.Alive() }

// Whole tells whether program and keeper both run.
func (r Record) Whole() bool { return r.Child.Alive() && r.Keeper.Alive() }

// Table is the directory of records, one file per process.
type Table struct {
	dir string
}

// NewTable keeps its records in dir, which must exist.
func NewTable(dir string) Table { return Table{dir: dir} }

// recordEnding of the files in a table.
const recordEnding = ".json"

// Path is the record's file.
func (t Table) Path(name string) string { return filepath.Join(t.dir, name+recordEnding) }

// Read gives the record of name; found is false when there is none.
func (t Table) Read(name string) (record Record, found bool, err error) {
	found, err = state.ReadJSON(t.Path(name), &record)
	if err != nil {
		return Record{}, false, fmt.Errorf("reading the record of %s: %w", name, err)
	}
	return record, found, nil
}

// All gives every record, by name.
func (t Table) All() (map[string]Record, error) {
	entries, err := os.ReadDir(t.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]Record{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("listing the records: %w", err)
	}
	all := map[string]Record{}
	for _, entry := range entries {
		name, is := strings.CutSuffix(entry.Name(), recordEnding)
		if !is || strings.HasPrefix(name, ".") {
			continue
		}
		record, found, err := t.Read(name)
		if err != nil {
			return nil, err
		}
		if found {
			all[name] = record
		}
	}
	return all, nil
}

// forget removes the record of name; a missing one is no error.
func (t Table) forget(name string) error {
	if err := os.Remove(t.Path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("forgetting %s: %w", name, err)
	}
	return nil
}
