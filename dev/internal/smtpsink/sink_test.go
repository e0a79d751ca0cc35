package smtpsink_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"steward/dev/internal/smtpsink"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/mail"
)

// started is a sink that ends with the test, and how mails reach it.
func started(t *testing.T) (*smtpsink.Sink, *smtpsink.Store, mail.Server) {
	t.Helper()
	store, err := smtpsink.OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	sink := smtpsink.New(store, clocks.System())
	served := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background()) //nolint:usetesting // it ends in the cleanup, which waits for it
	go func() { served <- sink.ServeSMTP(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	server, err := mail.ParseServer("smtp://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return sink, store, server
}

func send(t *testing.T, server mail.Server, subject string) error {
	t.Helper()
	session, err := server.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = session.Send(t.Context(), mail.Message{
		ID: "mail_a", MessageID: "mail_a@popkit.example", From: netmail.Address{Address: "privacy@popkit.example"}, To: "ada@example.com",
		Subject: subject, Text: "Grüße\n", HTML: "<script>alert(1)</script><p>Grüße</p>", Date: time.Unix(0, 0),
	}, func(context.Context) error { return nil })
	if closed := session.Close(t.Context()); err == nil && closed != nil {
		t.Error(closed)
	}
	return err
}

func TestAMailIsKeptAndShown(t *testing.T) {
	t.Parallel()
	sink, store, server := started(t)
	if err := send(t, server, "Réponse"); err != nil {
		t.Fatal(err)
	}
	names, err := store.List()
	if err != nil || len(names) != 1 {
		t.Fatalf("%v, %v", names, err)
	}
	page := httptest.NewServer(sink.Handler())
	t.Cleanup(page.Close)
	if got := get(t, page.URL+"/"); !strings.Contains(got, "Réponse") || !strings.Contains(got, "Grüße") || strings.Contains(got, "<script>") {
		t.Error(got)
	}
	response, err := http.Get(page.URL + "/mail/" + names[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if policy := response.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "sandbox") || !strings.Contains(policy, "default-src 'none'") {
		t.Error(policy)
	}
	if _, err := store.Get("../secret.eml"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func get(t *testing.T, address string) string {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestItFailsOnDemand(t *testing.T) {
	t.Parallel()
	for fault, want := range map[smtpsink.Fault]struct {
		code failure.Code
		kept int
	}{
		smtpsink.Defer: {failure.MailDeferred, 0}, smtpsink.Refuse: {failure.MailRefused, 0},
		smtpsink.Drop: {failure.MailUncertain, 0}, smtpsink.DropAfter: {failure.MailUncertain, 1},
	} {
		sink, store, server := started(t)
		page := httptest.NewServer(sink.Handler())
		response, err := http.PostForm(page.URL+"/fail", url.Values{"fault": {string(fault)}, "count": {"1"}})
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("%s: %v, %v", fault, response, err)
		}
		if err := response.Body.Close(); err != nil {
			t.Error(err)
		}
		page.Close()
		if err := send(t, server, "x"); !failure.Is(err, want.code) {
			t.Errorf("%s: %v", fault, err)
		}
		if names, err := store.List(); err != nil || len(names) != want.kept {
			t.Errorf("%s: %d kept, %v", fault, len(names), err)
		}
		if err := send(t, server, "x"); err != nil {
			t.Errorf("after %s: %v", fault, err)
		}
	}
}

func TestThePageIsForThisMachineOnly(t *testing.T) {
	t.Parallel()
	sink, _, _ := started(t)
	ask := func(method, host, origin string) int {
		request := httptest.NewRequestWithContext(t.Context(), method, "http://"+host+"/", http.NoBody)
		if method == http.MethodPost {
			request = httptest.NewRequestWithContext(t.Context(), method, "http://"+host+"/fail", strings.NewReader("fault=none&count=0"))
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		if origin != "" {
			request.Header.Set("Origin", origin)
		}
		recorder := httptest.NewRecorder()
		sink.Handler().ServeHTTP(recorder, request)
		return recorder.Code
	}
	for _, test := range []struct {
		method, host, origin string
		want                 int
	}{
		{http.MethodGet, "127.0.0.1:1", "", http.StatusOK},
		{http.MethodGet, "localhost", "", http.StatusOK},
		{http.MethodGet, "[::1]:1", "", http.StatusOK},
		{http.MethodGet, "evil.example:1", "", http.StatusMisdirectedRequest},
		{http.MethodGet, "10.0.0.1", "", http.StatusMisdirectedRequest},
		{http.MethodPost, "127.0.0.1:1", "http://127.0.0.1:1", http.StatusSeeOther},
		{http.MethodPost, "127.0.0.1:1", "http://evil.example", http.StatusForbidden},
	} {
		if got := ask(test.method, test.host, test.origin); got != test.want {
			t.Errorf("%s %s from %q: %d", test.method, test.host, test.origin, got)
		}
	}
}

func TestOnlyTheNewestAreKept(t *testing.T) {
	t.Parallel()
	store, err := smtpsink.OpenStore(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var last string
	for range 505 {
		if last, err = store.Put([]byte("x"), time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if names, err := store.List(); err != nil || len(names) != 500 || names[0] != last {
		t.Errorf("%d, %v", len(names), err)
	}
}
