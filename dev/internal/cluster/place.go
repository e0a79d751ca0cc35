package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"steward/dev/internal/account"
)

// elsewhere is where data goes when the Postgres account cannot reach the clone.
// Only root has such an account. Unlike /var/tmp nobody tidies there: systemd-tmpfiles
// removes from that what was not touched for 30 days, such as clusters that are down.
const elsewhere = "/var/lib"

// Place gives the directory for the data of a clone's clusters: preferred when the
// account can walk there, else one under /var/lib that carries the clone's tag
// (root's home is closed to every other account). It exists and belongs to the
// account afterwards.
func Place(preferred, tag string, who account.Account) (string, error) {
	if err := os.MkdirAll(preferred, privateDir); err != nil {
		return "", fmt.Errorf("making %s: %w", preferred, err)
	}
	if err := who.Own(preferred); err != nil {
		return "", fmt.Errorf("making the place for Postgres: %w", err)
	}
	if who.Reaches(preferred) {
		return preferred, nil
	}
	if err := os.Remove(preferred); err != nil {
		return "", fmt.Errorf("making the place for Postgres: %w", err)
	}
	other := filepath.Join(elsewhere, "steward-"+tag)
	if err := notPlanted(other, who); err != nil {
		return "", err
	}
	if err := who.Own(other); err != nil {
		return "", fmt.Errorf("making the place for Postgres: %w", err)
	}
	return other, nil
}

// privateDir is the mode that Postgres asks of its directories.
const privateDir = 0o700

// notPlanted refuses a path that somebody else made before us, a
// symbolic link above all: root would give away what it leads to.
func notPlanted(dir string, who account.Account) error {
	info, err := os.Lstat(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("checking the place for Postgres: %w", err)
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	if !info.IsDir() || !known || (stat.Uid != who.UID && stat.Uid != 0) {
		return fmt.Errorf("%s belongs to somebody else: %w", dir, ErrPlace)
	}
	return nil
}

// ErrPlace is returned when the directory for Postgres' data cannot be trusted.
var ErrPlace = errors.New("remove it, or move the clone to where the Postgres account can read it")
