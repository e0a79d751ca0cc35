package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peakKiB is the largest resident memory that a process has had, from /proc: VmHWM.
func peakKiB(pid string) (int64, error) {
	status, err := os.ReadFile("/proc/" + pid + "/status")
	if err != nil {
		return 0, fmt.Errorf("reading the peak memory: %w", err)
	}
	for line := range strings.Lines(string(status)) {
		if value, found := strings.CutPrefix(line, "VmHWM:"); found {
			peak, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("reading the peak memory: %w", err)
			}
			return peak, nil
		}
	}
	return 0, fmt.Errorf("reading the peak memory of %s: no VmHWM", pid)
}

// cpuSeconds is the processor time of this process (RUSAGE_SELF) or of its ended children (RUSAGE_CHILDREN).
func cpuSeconds(who int) (float64, error) {
	var used syscall.Rusage
	if err := syscall.Getrusage(who, &used); err != nil {
		return 0, fmt.Errorf("reading the processor time: %w", err)
	}
	return (time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Seconds(), nil
}

// ticksPerSecond is USER_HZ, which Linux has fixed at 100 for all that it shows in /proc.
const ticksPerSecond = 100

// cpuOf is the processor time of another process, from /proc/PID/stat, with that of its ended children if those are wanted.
func cpuOf(pid int, withChildren bool) (float64, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("reading the processor time: %w", err)
	}
	// The fields after the program's name, which may hold anything and ends with the last parenthesis: utime, stime,
	// cutime, cstime (proc(5), 14 to 17).
	const first, own, all = 11, 2, 4
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	wanted := fields[first : first+own]
	if withChildren {
		wanted = fields[first : first+all]
	}
	ticks := 0
	for _, field := range wanted {
		n, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("reading the processor time: %w", err)
		}
		ticks += n
	}
	return float64(ticks) / ticksPerSecond, nil
}
