//go:build !linux

package procs

import "syscall"

// endWithParent does nothing here: this kernel cannot. A child that outlives its
// keeper is found by its record and stopped by the next `make up` or `down`.
func endWithParent(*syscall.SysProcAttr, syscall.Signal) {}
