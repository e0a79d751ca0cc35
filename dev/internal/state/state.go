// Package state knows the layout of .dev, the directory that holds everything
// `make up` makes, and how to write there so that a crash leaves either the old
// file or the new one.
package state

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Modes of what lies under .dev. Secrets are readable by their owner only.
const (
	// FileMode is for every file, because almost every one names a password.
	FileMode fs.FileMode = 0o600
	// DirMode is for every directory below .dev.
	DirMode fs.FileMode = 0o700
	// TopMode is for .dev itself: the account that Postgres runs as (when we are
	// root) must be able to walk through it to its data, and nothing more.
	TopMode fs.FileMode = 0o711
)

// ErrNoClone is returned by Open when the directory is not a clone of Steward.
var ErrNoClone = errors.New("not a clone of steward: no go.mod with `module steward`")

// Dir is one clone's .dev directory. It holds no open files and may be shared.
type Dir struct {
	clone string
	top   string
}

// Open gives the .dev directory of the clone at path and makes it when missing.
// It returns ErrNoClone (wrapped) for any other directory, so that `reset` can
// never be pointed at somebody's home.
func Open(clone string) (Dir, error) {
	abs, err := filepath.Abs(clone)
	if err != nil {
		return Dir{}, fmt.Errorf("finding the clone: %w", err)
	}
	plain, err := filepath.EvalSymlinks(abs)
	if err != nil {
		return Dir{}, fmt.Errorf("finding the clone: %w", err)
	}
	if !isClone(plain) {
		return Dir{}, fmt.Errorf("%s: %w", plain, ErrNoClone)
	}
	dir := Dir{clone: plain, top: filepath.Join(plain, ".dev")}
	if err := os.MkdirAll(dir.top, TopMode); err != nil {
		return Dir{}, fmt.Errorf("making .dev: %w", err)
	}
	if err := os.Chmod(dir.top, TopMode); err != nil {
		return Dir{}, fmt.Errorf("making .dev: %w", err)
	}
	return dir, nil
}

// Clone is the absolute path of the clone, without symbolic links.
func (d Dir) Clone() string { return d.clone }

// Path joins names below .dev.
func (d Dir) Path(names ...string) string {
	return filepath.Join(append([]string{d.top}, names...)...)
}

// Sub makes the directory names below .dev, for its owner only, and gives its path.
func (d Dir) Sub(names ...string) (string, error) {
	path := d.Path(names...)
	if err := os.MkdirAll(path, DirMode); err != nil {
		return "", fmt.Errorf("making %s: %w", path, err)
	}
	return path, nil
}

// WriteFile replaces the file at path. A crash here leaves the old file or the
// new one, never a part: the new text is on disk before it takes the name.
func WriteFile(path string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	_, writeErr := temp.Write(text)
	err = errors.Join(writeErr, temp.Chmod(FileMode), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, errors.Join(err, os.Remove(temp.Name())))
	}
	return nil
}

// WriteJSON replaces the file at path by value, indented for people.
func WriteJSON(path string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return WriteFile(path, append(text, '\n'))
}

// ReadJSON fills value from the file at path. A missing file is not an error:
// found is false and value is as it was.
func ReadJSON(path string, value any) (found bool, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", path, err)
	}
	if err := json.Unmarshal(text, value); err != nil {
		return false, fmt.Errorf("reading %s (remove it, or run `make reset`): %w", path, err)
	}
	return true, nil
}
