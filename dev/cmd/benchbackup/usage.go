package main

import (
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
