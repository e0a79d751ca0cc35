package state

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// ErrBusy is returned by Lock while another `up`, `down` or `reset` works in the clone.
var ErrBusy = errors.New("another make up, down or reset is at work in this clone: wait for it to end")

// Lock takes the clone for one command. The kernel lets go of it when the process
// ends, however it ends, so a lock is never stale. Call the returned function to
// let go earlier. It returns ErrBusy (wrapped, with the holder's pid) when taken.
func (d Dir) Lock() (unlock func() error, err error) {
	path := d.Path("lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, FileMode)
	if err != nil {
		return nil, fmt.Errorf("locking the clone: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(busy(path, err), file.Close())
	}
	if err := os.WriteFile(path, []byte(strconv.Itoa(os.Getpid())+"\n"), FileMode); err != nil {
		return nil, errors.Join(fmt.Errorf("locking the clone: %w", err), file.Close())
	}
	return file.Close, nil
}

// busy names the holder of the lock where the file tells.
func busy(path string, cause error) error {
	if !errors.Is(cause, syscall.EWOULDBLOCK) {
		return fmt.Errorf("locking the clone: %w", cause)
	}
	holder, err := os.ReadFile(path)
	if err != nil || strings.TrimSpace(string(holder)) == "" {
		return ErrBusy
	}
	return fmt.Errorf("pid %s: %w", strings.TrimSpace(string(holder)), ErrBusy)
}
