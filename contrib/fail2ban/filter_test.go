package fail2ban_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"steward/internal/authlog"
	"steward/internal/clocks"
)

// filter is the program that fail2ban itself has for trying filters.
func filter(t *testing.T) string {
	t.Helper()

	program, err := exec.LookPath("fail2ban-regex")
	if err != nil {
		t.Skip("fail2ban-regex is not installed; on Debian it comes with the package fail2ban, which .ci/run installs")
	}

	return program
}

// hosts are the addresses that fail2ban sees in a log, one for each line that it takes.
func hosts(t *testing.T, log string) []string {
	t.Helper()

	command := exec.CommandContext(t.Context(), filter(t), "--out", "ip", log, "./filter.d/steward.conf")

	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}

	return strings.Fields(string(output))
}

var sample = regexp.MustCompile(`"match": true, "host": "([^"]+)"`)

// Each sample is taken, or not, as the line above it says.
func TestSamples(t *testing.T) {
	t.Parallel()

	text, err := os.ReadFile("testdata/auth.log")
	if err != nil {
		t.Fatal(err)
	}

	var want []string
	for _, match := range sample.FindAllStringSubmatch(string(text), -1) {
		want = append(want, match[1])
	}

	if got := hosts(t, "testdata/auth.log"); len(want) != 2 || strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%v, want %v", got, want)
	}
}

// What Steward writes is what fail2ban reads, address by address.
func TestWhatIsWrittenIsRead(t *testing.T) {
	t.Parallel()

	path := filepath.Join(t.TempDir(), "auth.log")
	log := authlog.New(path, clocks.Fixed(time.Now()), slog.New(slog.DiscardHandler))

	var want []string

	for n := range 200 {
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(n)})
		if n%3 == 0 {
			from = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", n+1))
		}

		log.Refused(from)

		want = append(want, from.String())
	}

	ended, cancel := context.WithCancel(t.Context())
	cancel()

	if err := log.Run(ended); err != nil {
		t.Fatal(err)
	}

	if got := hosts(t, path); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%d addresses, want %d: %v", len(got), len(want), got)
	}
}
