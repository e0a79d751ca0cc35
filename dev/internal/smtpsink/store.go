// Package smtpsink is the mail server of the dev environment: it takes every mail and
// sends none on, keeps them as files, shows them on a page on loopback, and fails when
// it is asked to. It ships nowhere.
package smtpsink

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxKept is how many mails are kept; the oldest go. Somebody looks at the last ones.
const maxKept = 500

// fileName is what a mail's file is called: nothing else in the folder is touched.
var fileName = regexp.MustCompile(`^[0-9]{20}-[0-9]{6}\.eml$`)

// Store keeps mails as files of one folder, by the order in which they came. It is safe
// for concurrent use by one process.
type Store struct {
	dir string

	mu    sync.Mutex
	count int // owned by mu; tells apart mails of one instant
}

// nameCount is after how many mails the number in a name begins anew.
const nameCount = 1_000_000

// OpenStore keeps mails in dir, which is made when it is missing.
func OpenStore(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of mails: %w", err)
	}
	return &Store{dir: dir}, nil
}

// Put keeps a mail. Once it returns the mail outlives the process.
func (s *Store) Put(content []byte, at time.Time) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	name := fmt.Sprintf("%020d-%06d.eml", at.UnixNano(), s.count%nameCount)
	partial := filepath.Join(s.dir, name+".part")
	if err := os.WriteFile(partial, content, 0o600); err != nil {
		return "", fmt.Errorf("keeping a mail: %w", err)
	}
	if err := os.Rename(partial, filepath.Join(s.dir, name)); err != nil {
		return "", fmt.Errorf("keeping a mail: %w", err)
	}
	return name, s.prune()
}

// prune takes the oldest away until maxKept are left.
func (s *Store) prune() error {
	names, err := s.List()
	if err != nil || len(names) <= maxKept {
		return err
	}
	for _, name := range names[maxKept:] {
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing an old mail: %w", err)
		}
	}
	return nil
}

// List gives the names of the mails, the newest first.
func (s *Store) List() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, fmt.Errorf("listing the mails: %w", err)
	}
	var names []string
	for _, entry := range entries {
		if fileName.MatchString(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(b, a) })
	return names, nil
}

// Get reads a mail; fs.ErrNotExist for a name that List does not give.
func (s *Store) Get(name string) ([]byte, error) {
	if !fileName.MatchString(name) {
		return nil, fs.ErrNotExist
	}
	content, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		return nil, fmt.Errorf("reading a mail: %w", err)
	}
	return content, nil
}
