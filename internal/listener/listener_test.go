package listener_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"steward/internal/certtest"
	"steward/internal/failure"
	"steward/internal/listener"
)

// serve runs a server until the test ends or the returned function is called, which
// gives what Run returned.
func serve(t *testing.T, options listener.Options, handler http.HandlerFunc) (server *listener.Server, end func() error) {
	t.Helper()

	options.Address = "127.0.0.1:0"

	server, err := listener.Listen(t.Context(), options, handler)
	if err != nil {
		t.Fatal(err)
	}

	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)

	go func() { ended <- server.Run(ctx) }()

	t.Cleanup(stop)

	return server, func() error {
		stop()

		return <-ended
	}
}

func get(t *testing.T, client *http.Client, address string) (string, error) {
	t.Helper()

	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}

	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()

	text, err := io.ReadAll(response.Body)

	return string(text), err
}

// TestTheEnd: the end is announced, requests are still taken, one that is under way is
// answered, and then nobody listens.
func TestTheEnd(t *testing.T) {
	t.Parallel()

	entered, leave, ending := make(chan struct{}), make(chan struct{}), make(chan struct{})
	server, end := serve(t, listener.Options{Drain: 50 * time.Millisecond, Ending: func() { close(ending) }},
		func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(entered)
				<-leave
			}

			_, _ = io.WriteString(w, "answered")
		})

	slow := make(chan string, 1)

	go func() {
		text, err := get(t, http.DefaultClient, "http://"+server.Address()+"/slow")
		if err != nil {
			text = err.Error()
		}

		slow <- text
	}()

	<-entered

	ended := make(chan error, 1)
	go func() { ended <- end() }()

	<-ending

	if text, err := get(t, &http.Client{Transport: &http.Transport{}}, "http://"+server.Address()+"/"); text != "answered" {
		t.Errorf("while draining: %q %v", text, err)
	}

	close(leave)

	if text := <-slow; text != "answered" {
		t.Errorf("under way: %s", text)
	}

	if err := <-ended; err != nil {
		t.Error(err)
	}

	if _, err := get(t, &http.Client{Transport: &http.Transport{}}, "http://"+server.Address()+"/"); err == nil {
		t.Error("somebody still listens")
	}
}

func TestListenRefuses(t *testing.T) {
	t.Parallel()

	server, _ := serve(t, listener.Options{}, func(http.ResponseWriter, *http.Request) {})
	broken := filepath.Join(t.TempDir(), "broken.pem")

	if err := os.WriteFile(broken, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}

	for name, options := range map[string]listener.Options{
		"taken": {Address: server.Address()}, "no address": {Address: "x"},
		"no certificate":     {Address: "127.0.0.1:0", Certificate: "/nowhere", Key: "/nowhere"},
		"no key":             {Address: "127.0.0.1:0", Certificate: broken, Key: "/nowhere"},
		"broken certificate": {Address: "127.0.0.1:0", Certificate: broken, Key: broken},
	} {
		if _, err := listener.Listen(t.Context(), options, http.NotFoundHandler()); !failure.Is(err, failure.ConfigInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// writePair makes a certificate for 127.0.0.1 with this serial number.
func writePair(t *testing.T, chain, key string, serial int64) *x509.CertPool {
	t.Helper()

	made := certtest.New(t, serial, time.Now().Add(time.Hour))
	for path, content := range map[string][]byte{chain: made.Chain, key: made.Key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	return made.Pool()
}

func TestTLS(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	chain, key := filepath.Join(dir, "chain.pem"), filepath.Join(dir, "key.pem")
	pool := writePair(t, chain, key, 1)

	server, _ := serve(t, listener.Options{Certificate: chain, Key: key}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, tls.VersionName(r.TLS.Version)) //nolint:gosec // a name of the standard library
	})

	client := func(config *tls.Config) *http.Client {
		config.RootCAs = pool

		return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
	}

	if text, err := get(t, client(&tls.Config{MinVersion: tls.VersionTLS12}), "https://"+server.Address()); text != "TLS 1.3" {
		t.Errorf("%q %v", text, err)
	}

	old := client(&tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}) //nolint:gosec // it must be refused
	if _, err := get(t, old, "https://"+server.Address()); err == nil {
		t.Error("TLS 1.1 was taken")
	}

	// Whoever speaks plain HTTP by mistake gets nothing done.
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()

	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}

	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "HTTP/1.0 400 Bad Request\r\n" {
		t.Errorf("%q %v", line, err)
	}
}
