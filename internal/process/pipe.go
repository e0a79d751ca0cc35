package process

import (
	"os"
	"strconv"
	"syscall"
)

const (
	// setPipeSize is F_SETPIPE_SZ of linux/fcntl.h.
	setPipeSize = 1031
	// pipeBytes is what the kernel grants everybody (fs.pipe-max-size), 16 times what
	// a pipe has by itself. Child and reader then take turns less often: with few
	// processors, each turn waits behind everybody else's.
	pipeBytes = 1 << 20
)

// widen enlarges the pipe that a child has as its standard input (0) or output
// (1). A pipe is the same from every end, so it is done through the child's. It is
// a hint like yield: nothing depends on it, and a child that is gone does no harm.
func widen(pid, descriptor int) {
	mode := syscall.O_RDONLY
	if descriptor > 0 {
		mode = syscall.O_WRONLY
	}

	// Without blocking, since an end of it may be gone; closed with us otherwise.
	end, err := syscall.Open("/proc/"+strconv.Itoa(pid)+"/fd/"+strconv.Itoa(descriptor), mode|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return
	}

	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(end), setPipeSize, pipeBytes) //nolint:errcheck,dogsled // see above
	_ = syscall.Close(end)                                                             //nolint:errcheck // it was only asked of
}

// piped reports whether exec joins this to the child by a pipe.
func piped(stream any) bool {
	_, file := stream.(*os.File)

	return stream != nil && !file
}
