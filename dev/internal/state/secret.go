package state

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Secret gives the password called name, made at first use and kept in
// .dev/secrets (0600). It has 128 bits of entropy or more and only letters and
// digits, so that it needs no quoting anywhere.
func (d Dir) Secret(name string) (string, error) {
	dir, err := d.Sub("secrets")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	if err == nil && strings.TrimSpace(string(text)) != "" {
		return strings.TrimSpace(string(text)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading a password: %w", err)
	}
	fresh := rand.Text()
	if err := WriteFile(path, []byte(fresh+"\n")); err != nil {
		return "", err
	}
	return fresh, nil
}
