package mail_test

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"steward/internal/certtest"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/mail"
	"steward/internal/mail/mailtest"
)

func message() mail.Message {
	return mail.Message{
		ID: "mail_a", MessageID: "mail_a@example.com", From: netmail.Address{Name: "Popkit é", Address: "privacy@popkit.example"},
		ReplyTo: netmail.Address{Address: "answers@popkit.example"}, To: "ada@example.com", Subject: "Réponse", Text: "été\n.\nline\n",
		HTML: "<p>été</p>", Date: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
	}
}

func nothing(context.Context) error { return nil }

func send(t *testing.T, server mail.Server) error {
	t.Helper()

	session, err := server.Dial(t.Context())
	if err != nil {
		return err
	}

	err = session.Send(t.Context(), message(), nothing)
	if closed := session.Close(t.Context()); err == nil && closed != nil {
		t.Error(closed)
	}

	return err
}

func TestAMailArrivesAsItWasWritten(t *testing.T) {
	t.Parallel()

	server := mailtest.Start(t, mailtest.Options{})

	session, err := server.Address(t).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	if session.Protected() {
		t.Error("protected without TLS")
	}

	for range 2 {
		if err := session.Send(t.Context(), message(), nothing); err != nil {
			t.Fatal(err)
		}
	}

	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}

	got := server.Received()
	if len(got) != 2 || got[1].From != "privacy@popkit.example" || got[1].To != "ada@example.com" || got[1].MessageID != "mail_a@example.com" {
		t.Fatalf("%+v", got)
	}

	checkContent(t, got[1].Content)
}

func checkContent(t *testing.T, content string) {
	t.Helper()

	parsed, err := netmail.ReadMessage(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}

	subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
	if err != nil || subject != "Réponse" {
		t.Errorf("%q, %v", subject, err)
	}

	for name, want := range map[string]string{
		"Auto-Submitted": "auto-generated", "X-PM-Metadata-steward-mail": "mail_a", "X-PM-KeepID": "true",
		"To": "<ada@example.com>", "Reply-To": "<answers@popkit.example>", "Date": "Sun, 22 Nov 2026 12:00:00 +0000",
	} {
		if got := parsed.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}

	kind, parameters, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("%s, %v", kind, err)
	}

	parts := multipart.NewReader(parsed.Body, parameters["boundary"])
	for _, want := range []string{"été\r\n.\r\nline\r\n", "<p>été</p>"} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}

		if body, err := io.ReadAll(part); err != nil || strings.TrimSpace(string(body)) != strings.TrimSpace(want) {
			t.Errorf("%q, %v", body, err)
		}
	}
}

// TestWhatTheServerSays is the table of docs/mail.md: which answer means what.
func TestWhatTheServerSays(t *testing.T) {
	t.Parallel()

	for _, test := range []struct {
		step, answer string
		want         failure.Code
		reply        int
		copies       int
	}{
		{"greeting", "554 not you", failure.MailServerRefused, 554, 0},
		{"greeting", "421 later", failure.MailDeferred, 421, 0},
		{"greeting", mailtest.Drop, failure.Unavailable, 0, 0},
		{"mail", "550 sender", failure.MailServerRefused, 550, 0},
		{"mail", "451 later", failure.MailDeferred, 451, 0},
		{"rcpt", "550 ada@example.com is nobody", failure.MailRefused, 550, 0},
		{"rcpt", "450 greylisted", failure.MailDeferred, 450, 0},
		{"rcpt", mailtest.Drop, failure.Unavailable, 0, 0},
		{"rcpt", "554 relay denied", failure.MailRefused, 554, 0},
		{"rcpt", "530 authentication required", failure.MailServerRefused, 530, 0},
		{"rcpt", "534 too weak", failure.MailServerRefused, 534, 0},
		{"data", "535 who are you", failure.MailServerRefused, 535, 0},
		{"data", "554 no", failure.MailRefused, 554, 0},
		{"data", mailtest.DropAfter, failure.Unavailable, 0, 0},
		{"end", "552 too large", failure.MailRefused, 552, 0},
		{"end", "538 encryption required", failure.MailServerRefused, 538, 0},
		{"end", "451 later", failure.MailDeferred, 451, 0},
		{"end", mailtest.Drop, failure.MailUncertain, 0, 0},
		{"end", mailtest.DropAfter, failure.MailUncertain, 0, 1},
	} {
		server := mailtest.Start(t, mailtest.Options{})
		server.Script(test.step, test.answer)

		err := send(t, server.Address(t))
		if !failure.Is(err, test.want) || mail.Reply(err) != test.reply || len(server.Received()) != test.copies {
			t.Errorf("%s %s: %v, reply %d, %d copies", test.step, test.answer, err, mail.Reply(err), len(server.Received()))
		}

		if err != nil && strings.Contains(err.Error(), "ada@") {
			t.Errorf("the error names the recipient: %v", err)
		}
	}
}

// Where what stands before the end fails, nothing is sent.
func TestNothingIsSentBeforeItIsNoted(t *testing.T) {
	t.Parallel()

	server := mailtest.Start(t, mailtest.Options{})

	session, err := server.Address(t).Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	full := errors.New("the disk is full")
	if err := session.Send(t.Context(), message(), func(context.Context) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}

	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}

	if got := server.Received(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestEveryRequestIsCounted fails each request once, before and after its effect.
func TestEveryRequestIsCounted(t *testing.T) {
	t.Parallel()

	clean := &faults.Counter{}

	server := mailtest.Start(t, mailtest.Options{})
	if err := sendIn(faults.With(t.Context(), clean), server.Address(t)); err != nil {
		t.Fatal(err)
	}

	names := clean.Calls()
	if len(names) != 6 {
		t.Fatalf("%+v", names)
	}

	for n := range names {
		for _, mode := range []faults.Mode{faults.Before, faults.After} {
			server := mailtest.Start(t, mailtest.Options{})

			err := sendIn(faults.With(t.Context(), &faults.Counter{N: n + 1, Mode: mode}), server.Address(t))

			want := failure.Unavailable
			if names[n].Name == "end" {
				want = failure.MailUncertain
			}

			if !failure.Is(err, want) || names[n].Kind != faults.SMTP {
				t.Errorf("%s, %s: %v", names[n].Name, mode, err)
			}
		}
	}
}

// sendIn sends one mail without a goodbye.
func sendIn(ctx context.Context, server mail.Server) error {
	session, err := server.Dial(ctx)
	if err != nil {
		return err
	}

	return errors.Join(session.Send(ctx, message(), nothing), ignore(session.Close(faults.Without(ctx))))
}

// ignore is for a goodbye to a server that was left in the middle of a mail.
func ignore(error) error { return nil }

func TestAServerThatHangsIsLeft(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	defer func() { _ = listener.Close() }()

	server, err := mail.ParseServer("smtp://" + listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}

	server.Patience = 0.001 // a minute becomes 60 ms

	if _, err := server.Dial(t.Context()); !failure.Is(err, failure.Unavailable) {
		t.Error(err)
	}
}

func TestTLSAndLogin(t *testing.T) {
	t.Parallel()

	certificate := certtest.New(t, 1, time.Now().Add(time.Hour))
	server := mailtest.Start(t, mailtest.Options{Certificate: certificate.Server(t), Login: "steward:secret"})

	address := server.Address(t)
	address.Roots = certificate.Pool()

	if err := send(t, address); err != nil || len(server.Received()) != 1 {
		t.Errorf("%v, %d received", err, len(server.Received()))
	}

	session, err := address.Dial(t.Context())
	if err != nil || !session.Protected() {
		t.Fatalf("not protected, %v", err)
	}

	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}

	stranger := address
	stranger.Password = "wrong"

	if err := send(t, stranger); !failure.Is(err, failure.Unauthorised) || strings.Contains(err.Error(), "wrong") {
		t.Errorf("with another password: %v", err)
	}

	untrusted := address
	untrusted.Roots = x509.NewCertPool()

	if err := send(t, untrusted); !failure.Is(err, failure.Unavailable) {
		t.Errorf("with a certificate that nobody trusts: %v", err)
	}

	if got := len(server.Received()); got != 1 {
		t.Errorf("%d received", got)
	}
}

func TestParseServer(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]mail.Server{
		"smtp://u:p%40w@mail.example.com":   {Host: "mail.example.com", Port: "587", User: "u", Password: "p@w"},
		"smtps://mail.example.com/":         {Host: "mail.example.com", Port: "465", Implicit: true},
		"smtp://127.0.0.1:2525":             {Host: "127.0.0.1", Port: "2525"},
		"smtp://[::1]:2525":                 {Host: "::1", Port: "2525"},
		"smtps://u@mail.example.com:465":    {Host: "mail.example.com", Port: "465", User: "u", Implicit: true},
		"http://mail.example.com":           {},
		"smtp://":                           {},
		"smtp://h/path":                     {},
		"smtp://h?tls=no":                   {},
		"smtp://h:0":                        {},
		"smtp://h:70000":                    {},
		"smtp://secret:word@h:port":         {},
		"mail.example.com:587":              {},
		"smtp://mail.example.com:587#later": {},
	} {
		got, err := mail.ParseServer(text)
		if got != want || (err == nil) != (want.Host != "") || err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}

	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true, "10.0.0.1": false, "local": false} {
		if got := (mail.Server{Host: host}).OnLoopback(); got != want {
			t.Errorf("%s: %v", host, got)
		}
	}
}

func TestAddress(t *testing.T) {
	t.Parallel()

	for text, want := range map[string]bool{
		"ada@example.com": true, "ada+x@sub.example.com": true, "a@b": true,
		"": false, "ada": false, "Ada <ada@example.com>": false, "<ada@example.com>": false, "ada@example.com\r\nRCPT TO:<eve@example.com>": false,
		"ada@exämple.com": false, "ada@example.com,eve@example.com": false, `"a b"@example.com`: false, strings.Repeat("a", 251) + "@b.c": false,
	} {
		got, err := mail.Address(text)
		if (err == nil) != want || want && got != text || err != nil && strings.Contains(err.Error(), "ada") {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}

	if got := mail.Domain("ada@example.com"); got != "example.com" {
		t.Error(got)
	}
}
