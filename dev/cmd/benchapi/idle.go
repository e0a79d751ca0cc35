package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// idleVariable makes a process of this program the idle server.
const idleVariable = "STEWARD_BENCH_IDLE"

// idle is a server that knows nothing and refuses everything, in a process of its own as the API is: what a flood costs
// good callers of the API even if nobody looks at it, since all of them share the machine.
type idle struct {
	process *exec.Cmd
	in      io.Closer // its end is that of the server
	address string
}

// startIdle starts one.
func startIdle(ctx context.Context) (*idle, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("looking for this program: %w", err)
	}
	made := &idle{process: exec.Command(self)} //nolint:noctx // it ends with its input
	made.process.Env = append(os.Environ(), idleVariable+"=1")
	made.process.Stderr = os.Stderr
	if made.in, err = made.process.StdinPipe(); err != nil {
		return nil, fmt.Errorf("starting the idle server: %w", err)
	}
	out, err := made.process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the idle server: %w", err)
	}
	if err := made.process.Start(); err != nil {
		return nil, fmt.Errorf("starting the idle server: %w", err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if made.address = strings.TrimSpace(line); err != nil {
		return nil, errors.Join(fmt.Errorf("asking the idle server for its address: %w", err), made.close(), ctx.Err())
	}
	return made, nil
}

func (i *idle) close() error {
	if err := errors.Join(i.in.Close(), i.process.Wait()); err != nil {
		return fmt.Errorf("ending the idle server: %w", err)
	}
	return nil
}

const (
	// refusal is as long as what the API says to a wrong token, in bytes.
	refusal = 480
	// headerLimit is how long a caller may take for its headers, as at the API.
	headerLimit = 5 * time.Second
)

// serveIdle is the idle server. It says where it is, and ends with its input.
func serveIdle(ctx context.Context, in io.Reader, out io.Writer) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	body := strings.Repeat(" ", refusal)
	server := &http.Server{
		ReadHeaderTimeout: headerLimit,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.Header().Set("Content-Length", strconv.Itoa(refusal))
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, body) //nolint:errcheck // whoever left reads no more
		}),
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, in)
		ended <- errors.Join(err, server.Close())
	}()
	if _, err := fmt.Fprintln(out, listener.Addr()); err != nil {
		return fmt.Errorf("saying where: %w", err)
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return <-ended
}
