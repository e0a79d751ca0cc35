package procs

import (
	"runtime"
	"syscall"
)

// endWithParent has the kernel send sig to the child when its parent dies, even
// by SIGKILL. The kernel watches the thread that started the child, so the
// keeper's main goroutine stays on its thread from here on.
func endWithParent(attributes *syscall.SysProcAttr, sig syscall.Signal) {
	runtime.LockOSThread()
	attributes.Pdeathsig = sig
}
