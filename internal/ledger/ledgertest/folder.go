package ledgertest

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"steward/internal/failure"
	"steward/internal/ledger"
)

// Folder is a ledger.Mirror in a folder, for tests that want to look at the
// objects with other tools. An object's generation is counted by this process,
// so one folder belongs to one Folder.
type Folder struct {
	root string

	mu          sync.Mutex
	generations map[string]ledger.Generation // owned by mu
}

// NewFolder gives a mirror in an existing empty folder.
func NewFolder(root string) *Folder {
	return &Folder{root: root, generations: map[string]ledger.Generation{}}
}

// folderMode and fileMode let only the owner in.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// Put implements ledger.Mirror.
func (f *Folder) Put(_ context.Context, name string, data []byte, generation ledger.Generation) (ledger.Generation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	if f.generations[name] != generation {
		return 0, failure.New(failure.ObjectExists, "writing to the folder mirror")
	}

	path := filepath.Join(f.root, filepath.FromSlash(name))
	next := path + ".next"

	err := os.MkdirAll(filepath.Dir(path), folderMode)
	if err == nil {
		err = os.WriteFile(next, data, fileMode)
	}

	if err == nil {
		err = os.Rename(next, path)
	}

	if err != nil {
		return 0, failure.Wrap(failure.Unavailable, "writing to the folder mirror", err)
	}

	f.generations[name] = generation + 1

	return generation + 1, nil
}

// Get implements ledger.Mirror.
func (f *Folder) Get(_ context.Context, name string) ([]byte, ledger.Generation, error) {
	f.mu.Lock()
	defer f.mu.Unlock()

	data, err := os.ReadFile(filepath.Join(f.root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, failure.New(failure.ObjectNotFound, "reading from the folder mirror")
	}

	return data, f.generations[name], failure.Wrap(failure.Unavailable, "reading from the folder mirror", err)
}

// List implements ledger.Mirror.
func (f *Folder) List(_ context.Context, prefix, from string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, name := range f.names() {
			if strings.HasPrefix(name, prefix) && name >= from && !yield(name, nil) {
				return
			}
		}
	}
}

func (f *Folder) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()

	var names []string
	for name := range f.generations {
		names = append(names, name)
	}

	slices.Sort(names)

	return names
}

// Delete implements ledger.Mirror.
func (f *Folder) Delete(_ context.Context, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()

	delete(f.generations, name)

	err := os.Remove(filepath.Join(f.root, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}

	return failure.Wrap(failure.Unavailable, "deleting from the folder mirror", err)
}
