package process

import "syscall"

const (
	// ioprioWhoProcess and ioprioIdle are from linux/ioprio.h: one process, and the
	// class of what gets the disk only when nobody else wants it (ionice -c 3).
	ioprioWhoProcess = 1
	ioprioIdle       = 3 << 13
	// nicest is the lowest priority that there is; the kernel's getpriority counts
	// from kernelZero downwards.
	nicest     = 19
	kernelZero = 20
)

// yield lowers the priority of a child by so much as nice(1) would, and puts it
// last at the disk. It asks the kernel itself: no wrapper has to be installed,
// and the child keeps its pid. It is a hint: a kernel that refuses it, or a child
// that is gone, does no harm, and a child never gets more than it had.
func yield(pid, nice int) {
	if nice <= 0 {
		return
	}

	had, err := syscall.Getpriority(syscall.PRIO_PROCESS, pid)
	if err != nil {
		return
	}

	_ = syscall.Setpriority(syscall.PRIO_PROCESS, pid, min(nicest, kernelZero-had+nice)) //nolint:errcheck // see above
	_, _, _ = syscall.Syscall(                                                           //nolint:errcheck,dogsled // see above
		syscall.SYS_IOPRIO_SET, ioprioWhoProcess, uintptr(pid), ioprioIdle)
}
