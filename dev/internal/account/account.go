// Package account finds the operating system account that Postgres runs as:
// ourselves, or, when we are root, an unprivileged one, since Postgres refuses
// to run as root.
package account

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// Account is who a process runs as. The zero value is ourselves.
type Account struct {
	// Name is for people; "" means ourselves.
	Name string `json:"name,omitempty"`
	// UID and GID count only when Name is set.
	UID uint32 `json:"uid,omitempty"`
	GID uint32 `json:"gid,omitempty"`
}

// ErrNone is returned when root finds no unprivileged account on this machine.
var ErrNone = errors.New(
	"no account for Postgres, which does not run as root: none of postgres, _postgres, nobody exists; run make up as another user")

// ForPostgres gives the account for Postgres: ourselves unless we are root.
func ForPostgres() (Account, error) {
	if os.Geteuid() != 0 {
		return Account{}, nil
	}
	for _, name := range []string{"postgres", "_postgres", "nobody"} {
		found, err := lookup(name)
		if err == nil {
			return found, nil
		}
		if _, unknown := errors.AsType[user.UnknownUserError](err); !unknown {
			return Account{}, err
		}
	}
	return Account{}, ErrNone
}

func lookup(name string) (Account, error) {
	found, err := user.Lookup(name)
	if err != nil {
		return Account{}, fmt.Errorf("looking up the account %s: %w", name, err)
	}
	uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		return Account{}, fmt.Errorf("reading the account %s: %w", name, err)
	}
	return Account{Name: name, UID: uint32(uid), GID: uint32(gid)}, nil
}

// Apply makes attributes start a process as the account.
func (a Account) Apply(attributes *syscall.SysProcAttr) {
	if a.Name == "" {
		return
	}
	attributes.Credential = &syscall.Credential{Uid: a.UID, Gid: a.GID}
}

// Own makes the directory at path, when missing, and gives it to the account.
func (a Account) Own(path string) error {
	const ownerOnly = 0o700
	if err := os.MkdirAll(path, ownerOnly); err != nil {
		return fmt.Errorf("making %s: %w", path, err)
	}
	if a.Name == "" {
		return nil
	}
	if err := os.Chown(path, int(a.UID), int(a.GID)); err != nil {
		return fmt.Errorf("giving %s to %s: %w", path, a.Name, err)
	}
	return nil
}

// Reaches tells whether the account can walk into dir, which must exist.
func (a Account) Reaches(dir string) bool {
	if a.Name == "" {
		return true
	}
	// The kernel is asked, by a process of that account, since modes alone do
	// not tell (access lists, mount options). Not through a shell's cd: `test -x`
	// of the directory and a stat of something behind it need every parent.
	command := exec.Command("test", "-x", filepath.Clean(dir)) //nolint:noctx // test ends by itself
	command.Dir = "/"
	command.SysProcAttr = &syscall.SysProcAttr{}
	a.Apply(command.SysProcAttr)
	return command.Run() == nil
}
