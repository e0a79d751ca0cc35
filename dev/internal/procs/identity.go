// Package procs starts the long-running processes of the dev environment so that
// they outlive the command that started them, finds them again, and stops them.
// A pid alone never suffices to signal a process: after a crash or a reboot it
// may be somebody else's, so every pid is kept with the instant its process began.
package procs

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// Identity names one process for ever, over reuse of its pid and over reboots.
type Identity struct {
	// PID as the kernel numbers it.
	PID int `json:"pid"`
	// Born is an opaque text that no two processes with the same pid share.
	Born string `json:"born"`
}

// ErrGone is returned by Identify for a pid that no process has.
var ErrGone = errors.New("no such process")

// Identify names the process that has pid now. A zombie counts as gone.
func Identify(pid int) (Identity, error) {
	born, err := bornLinux(pid)
	if errors.Is(err, errNoProc) {
		born, err = bornPS(pid)
	}
	if err != nil {
		return Identity{}, err
	}
	return Identity{PID: pid, Born: born}, nil
}

// Alive tells whether exactly this process still runs.
func (id Identity) Alive() bool {
	if id.PID <= 1 {
		return false
	}
	now, err := Identify(id.PID)
	return err == nil && now == id
}

// Signal sends sig to exactly this process; a process that is gone is no error.
func (id Identity) Signal(sig syscall.Signal) error {
	if !id.Alive() {
		return nil
	}
	if err := syscall.Kill(id.PID, sig); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signalling pid %d: %w", id.PID, err)
	}
	return nil
}

// errNoProc means that this system has no /proc as Linux has it.
var errNoProc = errors.New("no /proc")

// Positions in /proc/PID/stat after the command's closing bracket (proc(5)).
const (
	statState = 0
	statStart = 19
)

// bornLinux joins the boot's id with the process' start in clock ticks since then.
func bornLinux(pid int) (string, error) {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", errNoProc
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return "", ErrGone
	}
	// The command's name may hold spaces and brackets: fields count from the last one.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) <= statStart || fields[statState] == "Z" || fields[statState] == "X" {
		return "", ErrGone
	}
	return strings.TrimSpace(string(boot)) + "/" + fields[statStart], nil
}

// bornPS asks ps, whose start time has seconds: enough to tell two processes
// with the same pid apart.
func bornPS(pid int) (string, error) {
	command := exec.Command("ps", "-o", "stat=,lstart=", "-p", strconv.Itoa(pid)) //nolint:noctx // ps ends by itself
	out, err := command.Output()
	text := strings.TrimSpace(string(out))
	if err != nil || text == "" || strings.HasPrefix(text, "Z") {
		return "", ErrGone
	}
	_, start, _ := strings.Cut(text, " ")
	return strings.TrimSpace(start), nil
}
