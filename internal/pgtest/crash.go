package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// revivals bounds how often a cluster is started again until it answers: one that was killed may find the memory of
// its predecessor's last process still in use.
const revivals = 50

// Crash ends every process of the cluster at once with SIGKILL, as the kernel does when memory is short.
func (c *Cluster) Crash() error {
	killed, err := withChildren(c.server.Process.Pid)
	for _, pid := range killed {
		if one := syscall.Kill(pid, syscall.SIGKILL); one != nil && !errors.Is(one, syscall.ESRCH) {
			err = errors.Join(err, one)
		}
	}
	if err != nil {
		return fmt.Errorf("killing PostgreSQL: %w", err)
	}
	<-c.done
	return nil
}

// Revive starts the cluster again at its address if it has ended, and waits until it answers.
func (c *Cluster) Revive(ctx context.Context) error {
	var err error
	for range revivals {
		if err = c.waitReady(ctx); !errors.Is(err, errEnded) {
			return err
		}
		if err := c.start(context.WithoutCancel(ctx)); err != nil {
			return err
		}
	}
	return fmt.Errorf("starting PostgreSQL again: %w", err)
}

// withChildren gives a process, first, and its children. PostgreSQL's have no children of their own.
func withChildren(parent int) ([]int, error) {
	found := []int{parent}
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, fmt.Errorf("listing processes: %w", err)
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		// "pid (name) state parent": the name may hold anything, so the last parenthesis counts.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				return nil, fmt.Errorf("reading a process id: %w", err)
			}
			found = append(found, pid)
		}
	}
	return found, nil
}
