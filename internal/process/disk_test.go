package process_test

import (
	"bufio"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"steward/internal/process"
)

// ioClass asks the kernel for the class of a process at the disk, as ionice -p does: 3
// is that of what gets the disk only when nobody else wants it.
func ioClass(t *testing.T, pid int) int {
	t.Helper()

	const whoProcess, shift = 1, 13 // of linux/ioprio.h

	priority, _, number := syscall.Syscall(syscall.SYS_IOPRIO_GET, whoProcess, uintptr(pid), 0)
	if number == syscall.ENOSYS {
		t.Skip("this kernel knows no priorities at the disk")
	}

	if number != 0 {
		t.Fatal("asking for the priority at the disk: ", number)
	}

	return int(priority) >> shift
}

// A nice child waits at the disk for everybody else; one that is not asked to is as
// its parent.
func TestANiceChildGetsTheDiskLast(t *testing.T) {
	t.Parallel()

	const idle, patience = 3, 30 * time.Second

	for _, nice := range []int{0, 5} {
		input, alive := io.Pipe()
		output, said := io.Pipe()
		command := sh("echo $$; cat")
		command.Stdin, command.Stdout, command.Nice = input, said, nice
		ended := make(chan error, 1)

		go func() { ended <- process.Run(t.Context(), command) }()

		line, err := bufio.NewReader(output).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}

		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}

		// It runs before its priority is set.
		began := time.Now()
		for nice > 0 && ioClass(t, pid) != idle && time.Since(began) < patience {
			<-time.After(5 * time.Millisecond)
		}

		if got := ioClass(t, pid); (got == idle) != (nice > 0) {
			t.Errorf("nice %d has the class %d at the disk", nice, got)
		}

		if err := alive.Close(); err != nil {
			t.Error(err)
		}

		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}
