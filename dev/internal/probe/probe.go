// Package probe asks a part of the dev environment on loopback whether it answers.
package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// timeout bounds one question: a part on loopback that takes longer hangs.
const timeout = 5 * time.Second

// ErrStatus is returned for an answer that is not 200.
var ErrStatus = errors.New("it answers, but not well")

// HTTP returns nil when url answers a GET with 200, ErrStatus (wrapped, with the
// status) when it answers otherwise, any other error when it does not answer.
func HTTP(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	response, err := Do(request)
	if err != nil {
		return fmt.Errorf("asking %s: %w", url, err)
	}
	if response != http.StatusOK {
		return fmt.Errorf("asking %s: %w: status %d", url, ErrStatus, response)
	}
	return nil
}

// Do sends a request to loopback and gives the status of the answer, whose body is
// read and dropped. No proxy is asked, whatever the user's shell says.
func Do(request *http.Request) (status int, err error) {
	client := http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(request) //nolint:gosec // the address is one of our own parts
	if err != nil {
		return 0, fmt.Errorf("sending the request: %w", err)
	}
	_, readErr := io.Copy(io.Discard, response.Body)
	if err := errors.Join(readErr, response.Body.Close()); err != nil {
		return 0, fmt.Errorf("reading the answer: %w", err)
	}
	return response.StatusCode, nil
}

// TCP returns nil when somebody listens on address.
func TCP(ctx context.Context, address string) error {
	conn, err := (&net.Dialer{Timeout: timeout}).DialContext(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("asking %s: %w", address, err)
	}
	if err := conn.Close(); err != nil {
		return fmt.Errorf("asking %s: %w", address, err)
	}
	return nil
}
