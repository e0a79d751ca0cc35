package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// wire is one kept-alive connection of a client. It does the least that HTTP/1.1 needs, as pgbench does the least that
// PostgreSQL needs: what is measured is the API and not its caller.
type wire struct {
	conn    net.Conn
	reader  *bufio.Reader
	buffer  []byte
	address string // of the API
	token   string // that is shown
	head    string // the headers of every request, before those of one
}

// connect opens a connection from an address of loopback, as whoever has the token.
func connect(ctx context.Context, address, from, token string) (*wire, error) {
	local, err := netip.ParseAddr(from)
	if err != nil {
		return nil, fmt.Errorf("reading an address: %w", err)
	}
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("connecting to the API: %w", err)
	}
	w := &wire{conn: conn, reader: bufio.NewReaderSize(conn, 16<<10), address: address}
	w.show(token)
	return w, nil
}

// show lets the calls from now on show a token.
func (w *wire) show(token string) {
	if token == w.token {
		return
	}
	w.token = token
	w.head = " HTTP/1.1\r\nHost: " + w.address + "\r\nAuthorization: Bearer " + token +
		"\r\nContent-Type: application/json\r\nContent-Length: "
}

// call sends one request and reads its answer; it gives the status.
func (w *wire) call(method, path, header, body string) (int, error) {
	w.buffer = append(w.buffer[:0], method...)
	w.buffer = append(w.buffer, ' ')
	w.buffer = append(w.buffer, path...)
	w.buffer = append(w.buffer, w.head...)
	w.buffer = strconv.AppendInt(w.buffer, int64(len(body)), 10)
	w.buffer = append(w.buffer, "\r\n"...)
	w.buffer = append(w.buffer, header...)
	w.buffer = append(w.buffer, "\r\n"...)
	w.buffer = append(w.buffer, body...)
	if _, err := w.conn.Write(w.buffer); err != nil {
		return 0, fmt.Errorf("sending a request: %w", err)
	}
	status, length, err := w.readHead()
	if err != nil {
		return 0, err
	}
	if _, err := w.reader.Discard(length); err != nil {
		return 0, fmt.Errorf("reading an answer: %w", err)
	}
	return status, nil
}

// errForm says that an answer is not of the form that this client reads.
var errForm = errors.New("an answer has no length, or no status")

// readHead reads the status and the headers of an answer.
func (w *wire) readHead() (status, length int, err error) {
	first, err := w.line()
	if err != nil {
		return 0, 0, err
	}
	const begin, end = len("HTTP/1.1 "), len("HTTP/1.1 200")
	if len(first) < end {
		return 0, 0, errForm
	}
	status, statusErr := strconv.Atoi(first[begin:end])
	lengthErr := errForm // until there is one
	for {
		line, err := w.line()
		if err != nil {
			return 0, 0, err
		}
		if line == "" {
			return status, length, errors.Join(statusErr, lengthErr)
		}
		if name, value, found := strings.Cut(line, ":"); found && strings.EqualFold(name, "Content-Length") {
			length, lengthErr = strconv.Atoi(strings.TrimSpace(value))
		}
	}
}

// line reads one line of the head, without its end.
func (w *wire) line() (string, error) {
	line, err := w.reader.ReadSlice('\n')
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return "", fmt.Errorf("reading an answer: %w", err)
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

func (w *wire) close() error {
	if err := w.conn.Close(); err != nil {
		return fmt.Errorf("closing a connection: %w", err)
	}
	return nil
}
