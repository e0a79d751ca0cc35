package harness

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Client names one kind of client on the wire, as it introduced itself.
type Client struct{ User, Application string }

// Wire is a proxy before a PostgreSQL cluster. It counts statements by what
// passes, and it can be cut.
type Wire struct {
	target   string
	listener net.Listener
	running  sync.WaitGroup

	mu         sync.Mutex
	cut        bool                  // owned by mu
	hurt       int                   // connections that the last cut met; owned by mu
	open       map[net.Conn]struct{} // both ends of each connection; owned by mu
	statements map[Client]int        // owned by mu
	logins     map[Client]int        // owned by mu
}

func newWire(t testing.TB, database string) *Wire {
	t.Helper()
	at, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &Wire{
		target: at.Host, listener: listener, open: map[net.Conn]struct{}{},
		statements: map[Client]int{}, logins: map[Client]int{},
	}
	w.running.Go(w.accept)
	t.Cleanup(func() {
		_ = listener.Close() //nolint:errcheck // it is being thrown away
		w.Cut()
		w.running.Wait()
	})
	return w
}

// Address is where the proxy listens; "" for no proxy.
func (w *Wire) Address() string {
	if w == nil {
		return ""
	}
	return w.listener.Addr().String()
}

// Cut drops every connection and refuses new ones, as a server that is gone does.
func (w *Wire) Cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut, w.hurt = true, len(w.open)/2
	for conn := range w.open {
		_ = conn.Close() //nolint:errcheck // the point is that it is gone
	}
	clear(w.open)
}

// Hurt is how many connections the last Cut has dropped, or refused since.
func (w *Wire) Hurt() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hurt
}

// Mend lets connections through again.
func (w *Wire) Mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
}

// Forget starts the counts anew.
func (w *Wire) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.statements)
	clear(w.logins)
}

// Statements counts the simple queries and executes since the last Forget.
func (w *Wire) Statements() map[Client]int { return w.copied(w.statements) }

// Logins counts the connections since the last Forget.
func (w *Wire) Logins() map[Client]int { return w.copied(w.logins) }

func (w *Wire) copied(from map[Client]int) map[Client]int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(from)
}

func (w *Wire) accept() {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return // closed at the end of the test
		}
		w.running.Go(func() { w.serve(conn) })
	}
}

func (w *Wire) serve(from net.Conn) {
	to, err := net.Dial("tcp", w.target) //nolint:noctx // a local server; Cut ends it
	if err != nil || !w.keep(from, to) {
		_ = from.Close() //nolint:errcheck // refused
		if to != nil {
			_ = to.Close() //nolint:errcheck // refused
		}
		return
	}
	defer w.drop(from, to)
	answers := make(chan struct{})
	go func() {
		defer close(answers)
		_, _ = io.Copy(from, to) //nolint:errcheck // either end may go at any time
		_ = from.Close()         //nolint:errcheck // as above
	}()
	reader := &counted{wire: w, from: from}
	_, _ = io.Copy(to, reader) //nolint:errcheck // as above
	_ = to.Close()             //nolint:errcheck // as above
	<-answers
}

func (w *Wire) keep(conns ...net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		w.hurt++
		return false
	}
	for _, conn := range conns {
		w.open[conn] = struct{}{}
	}
	return true
}

func (w *Wire) drop(conns ...net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range conns {
		delete(w.open, conn)
		_ = conn.Close() //nolint:errcheck // it may be closed already
	}
}

// counted passes on what a client says and reads along.
type counted struct {
	wire   *Wire
	from   io.Reader
	client Client
	known  bool   // the startup message has passed
	rest   []byte // the head of a message that is not whole yet
	skip   int    // bytes of a body still to pass
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	if follow := c.follow(p[:n]); follow != nil {
		return n, follow
	}
	return n, err
}

const (
	lengthBytes = 4
	headBytes   = 1 + lengthBytes
	// protocol3 is the version in a startup message; other numbers are requests
	// to cancel or to encrypt.
	protocol3 = 3 << 16
)

var errWire = errors.New("a message that PostgreSQL's protocol does not have")

// follow reads message by message: type, length, body.
func (c *counted) follow(p []byte) error {
	for len(p) > 0 {
		if c.skip > 0 {
			n := min(c.skip, len(p))
			c.skip, p = c.skip-n, p[n:]
			continue
		}
		if !c.known {
			c.rest = append(c.rest, p...)
			return c.startup()
		}
		take := min(headBytes-len(c.rest), len(p))
		c.rest, p = append(c.rest, p[:take]...), p[take:]
		if len(c.rest) < headBytes {
			return nil
		}
		length := int(binary.BigEndian.Uint32(c.rest[1:])) - lengthBytes
		if length < 0 {
			return fmt.Errorf("reading along: %w", errWire)
		}
		c.wire.saw(c.client, c.rest[0])
		c.rest, c.skip = c.rest[:0], length
	}
	return nil
}

// startup reads who connects, from a message without a type.
func (c *counted) startup() error {
	if len(c.rest) < 2*lengthBytes {
		return nil
	}
	length := int(binary.BigEndian.Uint32(c.rest))
	if len(c.rest) < length {
		return nil
	}
	body, more := c.rest[lengthBytes:length], append([]byte(nil), c.rest[length:]...)
	if binary.BigEndian.Uint32(body) == protocol3 {
		c.client, c.known = clientOf(body[lengthBytes:]), true
		c.wire.login(c.client)
	}
	c.rest = nil
	return c.follow(more)
}

func clientOf(parameters []byte) Client {
	var client Client
	fields := bytes.Split(parameters, []byte{0})
	for i := 0; i+1 < len(fields); i += 2 {
		switch string(fields[i]) {
		case "user":
			client.User = string(fields[i+1])
		case "application_name":
			client.Application = string(fields[i+1])
		}
	}
	return client
}

func (w *Wire) login(client Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.logins[client]++
}

func (w *Wire) saw(client Client, kind byte) {
	if kind != 'Q' && kind != 'E' {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements[client]++
}
