// Package ports remembers which loopback port each part of one clone listens on,
// so that addresses stay the same from day to day and two clones run side by side.
package ports

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"

	"steward/dev/internal/state"
)

// Host is the only address anything in the dev environment listens on.
const Host = "127.0.0.1"

// ErrTaken is returned when a remembered port belongs to somebody else now.
var ErrTaken = errors.New("port is taken by another program")

// Book is the memory of one clone's ports. One command at a time uses it, under
// the lock of the clone.
type Book struct {
	path  string
	ports map[string]int
}

// Open reads the book at path; a missing file is an empty book.
func Open(path string) (*Book, error) {
	book := &Book{path: path, ports: map[string]int{}}
	if _, err := state.ReadJSON(path, &book.ports); err != nil {
		return nil, fmt.Errorf("opening the ports: %w", err)
	}
	return book, nil
}

// Port gives the port of the part called name, choosing a free one at first use
// and writing it down before it is returned.
func (b *Book) Port(ctx context.Context, name string) (int, error) {
	if port := b.ports[name]; port != 0 {
		return port, nil
	}
	port, err := Free(ctx, b.promised)
	if err != nil {
		return 0, err
	}
	b.ports[name] = port
	if err := state.WriteJSON(b.path, b.ports); err != nil {
		return 0, fmt.Errorf("remembering a port: %w", err)
	}
	return port, nil
}

// Known gives the port of name without choosing one; 0 when there is none.
func (b *Book) Known(name string) int { return b.ports[name] }

// CheckFree returns ErrTaken (wrapped, with the remedy) when the remembered port
// of name cannot be listened on. Call it only while our own part is down.
func (b *Book) CheckFree(ctx context.Context, name string) error {
	port := b.ports[name]
	if port == 0 {
		return nil
	}
	if err := Probe(ctx, port); err != nil {
		return fmt.Errorf("%s: %w; stop that program, or write 0 behind %q in %s and another port is chosen",
			net.JoinHostPort(Host, strconv.Itoa(port)), err, name, b.path)
	}
	return nil
}

// Probe returns ErrTaken when port cannot be listened on now.
func Probe(ctx context.Context, port int) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", net.JoinHostPort(Host, strconv.Itoa(port)))
	if err != nil {
		return ErrTaken
	}
	if err := listener.Close(); err != nil {
		return fmt.Errorf("probing port %d: %w", port, err)
	}
	return nil
}

// Ports are chosen below the ranges from which Linux (32768 up) and macOS (49152
// up) take the local end of outgoing connections: such a connection could hold
// one of our ports just when `make up` wants it back.
const (
	lowest  = 21000
	highest = 31999
)

// attempts bounds the search for a port that nobody listens on.
const attempts = 200

// Free finds a port that nobody listens on now and that skip does not rule out
// (nil rules out none). Another program may still take it before the caller does.
func Free(ctx context.Context, skip func(port int) bool) (int, error) {
	for range attempts {
		port := lowest + rand.IntN(highest-lowest+1) //nolint:gosec // a port is no secret
		if skip != nil && skip(port) {
			continue
		}
		err := Probe(ctx, port)
		if err == nil {
			return port, nil
		}
		if !errors.Is(err, ErrTaken) {
			return 0, fmt.Errorf("choosing a port: %w", err)
		}
	}
	return 0, fmt.Errorf("choosing a port: none free between %d and %d in %d attempts", lowest, highest, attempts)
}

// promised tells whether some part of this clone has the port already; it may
// be down just now, so nobody listens there.
func (b *Book) promised(port int) bool {
	for _, other := range b.ports {
		if other == port {
			return true
		}
	}
	return false
}
