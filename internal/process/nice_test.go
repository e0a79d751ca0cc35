package process_test

import (
	"bytes"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"steward/internal/process"
)

// The child reads its own priorities: the nice value is the 19th field of its
// stat. It looks again for a while, since it runs before they are set.
func TestANiceChildYields(t *testing.T) {
	t.Parallel()

	kernel, err := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if err != nil {
		t.Fatal(err)
	}

	own := 20 - kernel

	for _, nice := range []int{0, 7, 19} {
		want := strconv.Itoa(min(19, own+nice))

		var out bytes.Buffer

		command := sh(`for i in $(seq 200); do
			now=$(cut -d' ' -f19 /proc/$$/stat); if [ "$now" = "$1" ]; then break; fi; sleep 0.02; done; echo "$now"`, want)
		command.Stdout, command.Nice = &out, nice

		if err := process.Run(t.Context(), command); err != nil {
			t.Fatal(err)
		}

		if got := strings.TrimSpace(out.String()); got != want {
			t.Errorf("nice %d became %q, want %q", nice, got, want)
		}
	}
}
