package ports_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"steward/dev/internal/ports"
)

func TestPortsAreRememberedAndDistinct(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ports.json")
	book, err := ports.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]string{}
	for _, name := range []string{"postgres", "drill", "temporal", "ui"} {
		port, err := book.Port(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if other, twice := seen[port]; twice {
			t.Fatalf("%s and %s share port %d", name, other, port)
		}
		seen[port] = name
	}
	again, err := ports.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for port, name := range seen {
		if got := again.Known(name); got != port {
			t.Errorf("%s: remembered %d, chose %d", name, got, port)
		}
	}
}

func TestTakenPortNamesTheRemedy(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ports.json")
	book, err := ports.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	port, err := book.Port(t.Context(), "temporal")
	if err != nil {
		t.Fatal(err)
	}
	if err := book.CheckFree(t.Context(), "temporal"); err != nil {
		t.Fatalf("free port: %v", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", net.JoinHostPort(ports.Host, strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := listener.Close(); err != nil {
			t.Error(err)
		}
	}()
	err = book.CheckFree(t.Context(), "temporal")
	if !errors.Is(err, ports.ErrTaken) || !strings.Contains(err.Error(), "ports.json") {
		t.Fatalf("got %v, want ErrTaken with the remedy", err)
	}
	// The remedy works, for the last line of the file too.
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	mended := strings.Replace(string(text), strconv.Itoa(port), "0", 1)
	if err := os.WriteFile(path, []byte(mended), 0o600); err != nil {
		t.Fatal(err)
	}
	if book, err = ports.Open(path); err != nil {
		t.Fatal(err)
	}
	if other, err := book.Port(t.Context(), "temporal"); err != nil || other == port || other == 0 || book.Known("temporal") != other {
		t.Errorf("port %d, %v", other, err)
	}
}
