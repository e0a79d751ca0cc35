// Package cputime tells how much processor time processes have used, from /proc: unlike the time on the wall it stays the
// same, or nearly so, on a machine where others are at work.
package cputime

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ticksPerSecond is USER_HZ, which Linux has fixed at 100 for all that it shows in /proc.
const ticksPerSecond = 100

// Of is the processor time of a process in seconds, with that of its ended children if those are wanted. Where there is
// no such process the error wraps os.ErrNotExist.
func Of(pid int, withEnded bool) (float64, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, fmt.Errorf("reading the processor time: %w", err)
	}
	// The fields after the program's name, which may hold anything and ends with the last parenthesis: utime, stime,
	// cutime, cstime (proc(5), 14 to 17).
	const first, own, all = 11, 2, 4
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	wanted := fields[first : first+own]
	if withEnded {
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

// tries is how often a family is counted anew because one of it ended meanwhile.
const tries = 5

// OfFamily is that of a process and of its children, ended ones and living ones, such as a database server with its
// connections.
func OfFamily(pid int) (seconds float64, err error) {
	for range tries {
		if seconds, err = family(pid); !errors.Is(err, os.ErrNotExist) {
			break
		}
	}
	return seconds, err
}

func family(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, fmt.Errorf("looking for the children: %w", err)
	}
	sum, err := Of(pid, true)
	if err != nil {
		return 0, err
	}
	for field := range strings.FieldsSeq(string(text)) {
		child, err := strconv.Atoi(field)
		if err != nil {
			return 0, fmt.Errorf("looking for the children: %w", err)
		}
		more, err := Of(child, true)
		if err != nil {
			return 0, err
		}
		sum += more
	}
	return sum, nil
}
