// Package mailtest is a small mail server for tests: it speaks the part of SMTP that
// Steward uses, over a real socket on loopback, keeps what it was given, and answers
// wrongly where a test asks it to. The dev environment has another one, with a page.
package mailtest

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"testing"

	protocol "steward/internal/mail"
)

// Received is one mail that the server took: one for each copy.
type Received struct {
	// From and To are those of the envelope.
	From, To string
	// MessageID is the header's value, without its brackets.
	MessageID string
	// Content is the mail as it came.
	Content string
}

// Answers that are none.
const (
	// Drop closes the connection without an answer, and without what was asked.
	Drop = "drop"
	// DropAfter does what was asked and closes the connection without an answer.
	DropAfter = "drop after"
)

// Server is the stand-in. It is safe for concurrent use.
type Server struct {
	listener    net.Listener
	certificate *tls.Config // nil offers no STARTTLS
	login       string      // user:password, empty asks for none

	mu       sync.Mutex
	received []Received          // owned by mu
	scripts  map[string][]string // owned by mu; by step, the next answers
	asked    []string            // owned by mu; the requests so far
	open     map[net.Conn]bool   // owned by mu
}

// Options say what the server offers.
type Options struct {
	// Certificate lets it offer STARTTLS.
	Certificate *tls.Config
	// Login is user:password, which it then asks for.
	Login string
}

// Start starts a server that ends with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}

	server := &Server{
		listener: listener, certificate: options.Certificate, login: options.Login,
		scripts: map[string][]string{}, open: map[net.Conn]bool{},
	}

	var all sync.WaitGroup

	all.Go(func() { server.accept(&all) })
	t.Cleanup(func() {
		_ = listener.Close()
		server.hangUp()
		all.Wait()
	})

	return server
}

// URL is how Steward reaches it, as text.
func (s *Server) URL() string {
	if s.login != "" {
		return "smtp://" + s.login + "@" + s.listener.Addr().String()
	}

	return "smtp://" + s.listener.Addr().String()
}

// Address is how Steward reaches it.
func (s *Server) Address(t testing.TB) protocol.Server {
	t.Helper()

	server, err := protocol.ParseServer(s.URL())
	if err != nil {
		t.Fatal(err)
	}

	return server
}

// Script gives the next answers of a step: greeting, ehlo, starttls, auth, mail, rcpt,
// data, end, rset or quit. An empty one is the usual answer.
func (s *Server) Script(step string, answers ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.scripts[step] = append(s.scripts[step], answers...)
}

// Received are the mails so far, in the order in which they were taken.
func (s *Server) Received() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()

	return slices.Clone(s.received)
}

// Asked are the requests so far, without what they said.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()

	return slices.Clone(s.asked)
}

func (s *Server) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()

	for conn := range s.open {
		_ = conn.Close()
	}
}

func (s *Server) accept(all *sync.WaitGroup) {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}

		s.mu.Lock()
		s.open[conn] = true
		s.mu.Unlock()

		all.Go(func() {
			(&talk{server: s, conn: conn, in: bufio.NewReader(conn)}).run()

			_ = conn.Close()

			s.mu.Lock()
			delete(s.open, conn)
			s.mu.Unlock()
		})
	}
}

// answer is what the script says of a step now, else the usual answer.
func (s *Server) answer(step, usual string) string {
	s.mu.Lock()
	defer s.mu.Unlock()

	s.asked = append(s.asked, step)

	if next := s.scripts[step]; len(next) > 0 {
		s.scripts[step] = next[1:]

		if next[0] != "" {
			return next[0]
		}
	}

	return usual
}

// talk is one connection.
type talk struct {
	server   *Server
	conn     net.Conn
	in       *bufio.Reader
	from, to string
	secure   bool
}

// say answers a step and reports whether the conversation goes on, and whether what
// was asked was granted.
func (t *talk) say(step, usual string) (on, granted bool) {
	answer := t.server.answer(step, usual)
	if answer == Drop || answer == DropAfter {
		return false, answer == DropAfter
	}

	_, err := t.conn.Write([]byte(answer + "\r\n"))

	return err == nil, answer[0] == '2' || answer[0] == '3'
}

func (t *talk) run() {
	if on, _ := t.say("greeting", "220 stand-in ESMTP"); !on {
		return
	}

	for {
		line, err := t.in.ReadString('\n')
		if err != nil || !t.one(strings.TrimSpace(line)) {
			return
		}
	}
}

// one answers one line and reports whether the conversation goes on.
func (t *talk) one(line string) (on bool) {
	verb, rest, _ := strings.Cut(line, " ")

	switch strings.ToUpper(verb) {
	case "EHLO":
		on, _ = t.say("ehlo", t.extensions())
	case "STARTTLS":
		return t.startTLS()
	case "AUTH":
		on, _ = t.say("auth", t.judge(rest))
	case "MAIL":
		t.from = path(rest)
		on, _ = t.say("mail", "250 ok")
	case "RCPT":
		t.to = path(rest)
		on, _ = t.say("rcpt", "250 ok")
	case "DATA":
		return t.data()
	case "RSET":
		on, _ = t.say("rset", "250 ok")
	case "QUIT":
		_, _ = t.say("quit", "221 bye")
	default:
		on, _ = t.say("unknown", "500 unknown")
	}

	return on
}

func (t *talk) extensions() string {
	lines := []string{"250-stand-in", "250-8BITMIME"}
	if t.server.certificate != nil && !t.secure {
		lines = append(lines, "250-STARTTLS")
	}

	if t.server.login != "" {
		lines = append(lines, "250-AUTH PLAIN")
	}

	return strings.Join(append(lines, "250 SIZE 1000000"), "\r\n")
}

func (t *talk) startTLS() bool {
	on, granted := t.say("starttls", "220 go on")
	if on && granted {
		secured := tls.Server(t.conn, t.server.certificate)
		t.conn, t.in, t.secure = secured, bufio.NewReader(secured), true
	}

	return on
}

func (t *talk) judge(rest string) string {
	want := "PLAIN " + base64.StdEncoding.EncodeToString([]byte("\x00"+strings.Replace(t.server.login, ":", "\x00", 1)))
	if rest != want {
		return "535 no"
	}

	return "235 welcome"
}

func (t *talk) data() bool {
	if on, granted := t.say("data", "354 go on"); !on || !granted {
		return on
	}

	var content strings.Builder

	for {
		line, err := t.in.ReadString('\n')
		if err != nil {
			return false
		}

		if line == ".\r\n" {
			break
		}

		content.WriteString(strings.TrimPrefix(line, "."))
	}

	on, granted := t.say("end", "250 taken")
	if granted {
		t.server.take(Received{From: t.from, To: t.to, Content: content.String()})
	}

	return on
}

func (s *Server) take(one Received) {
	if parsed, err := mail.ReadMessage(strings.NewReader(one.Content)); err == nil {
		one.MessageID = strings.Trim(parsed.Header.Get("Message-ID"), "<>")
	}

	s.mu.Lock()
	defer s.mu.Unlock()

	s.received = append(s.received, one)
}

// path is the address between the brackets of a MAIL or RCPT.
func path(rest string) string {
	_, after, _ := strings.Cut(rest, "<")
	address, _, _ := strings.Cut(after, ">")

	return address
}
