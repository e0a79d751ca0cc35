package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"steward/internal/failure"
	"steward/internal/faults"
)

const (
	// dialTimeout is how long a connection with its greeting may take. RFC 5321 would
	// let a greeting take five minutes; relays that mail is submitted to take seconds.
	dialTimeout = time.Minute
	// SendTimeout bounds all requests of one mail together. Servers look through the
	// content before they answer its end, for which RFC 5321 (4.5.3.2.6) wants
	// patience: hanging up too early is what makes copies.
	SendTimeout = 3 * time.Minute
	// quitTimeout is how long a goodbye may take, which nothing depends on.
	quitTimeout = 5 * time.Second
)

// helloName is how we introduce ourselves. RFC 5321 wants a name or an address of
// this machine; behind submission with a login nobody looks, and the machine's own
// name is nobody's business.
const helloName = "[127.0.0.1]"

// Session is one connection to the server. It is not safe for concurrent use. After
// an error of Send it may be used for nothing but Close.
type Session struct {
	server Server
	conn   net.Conn
	client *smtp.Client
	used   bool         // a mail was begun on this connection
	end    func() error // ends the content that is under way; nil when none is
}

// Dial connects, protects the connection and logs in. It fails with Unavailable where
// the server does not answer, with Unauthorised where it does not let us in, and with
// MailServerRefused where it has no STARTTLS or does not want us.
func (s Server) Dial(ctx context.Context) (*Session, error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience.Of(dialTimeout))
	defer cancel()

	session := &Session{server: s}
	if err := session.open(ctx); err != nil {
		return nil, errors.Join(err, session.hangUp())
	}

	return session, nil
}

func (s *Session) open(ctx context.Context) error {
	if err := s.connect(ctx); err != nil {
		return err
	}

	if err := s.protect(ctx); err != nil {
		return err
	}

	return s.login(ctx)
}

// step makes one request. When the context ends, the connection does.
func (s *Session) step(ctx context.Context, name string, request func() error) error {
	return faults.Do(ctx, faults.SMTP, name, func(ctx context.Context) error {
		stop := context.AfterFunc(ctx, func() {
			if s.conn != nil {
				_ = s.conn.Close() //nolint:errcheck // what waits on it fails, which is what is wanted
			}
		})
		defer stop()

		return request()
	})
}

// connect opens the connection and reads the greeting.
func (s *Session) connect(ctx context.Context) error {
	err := faults.Do(ctx, faults.SMTP, "connect", func(ctx context.Context) (err error) {
		dialer := &net.Dialer{}
		if s.conn, err = dialer.DialContext(ctx, "tcp", s.server.address()); err != nil {
			return err //nolint:wrapcheck // wrapped below
		}

		if s.server.Implicit {
			s.conn = tls.Client(s.conn, s.server.tls())
		}

		return nil
	})
	if err != nil {
		return failure.Wrap(failure.Unavailable, "connecting to the mail server", err)
	}

	err = s.step(ctx, "greeting", func() (err error) {
		s.client, err = smtp.NewClient(s.conn, s.server.Host)
		if err == nil {
			err = s.client.Hello(helloName)
		}

		return err //nolint:wrapcheck // answered does
	})

	return answered(err, "greeting the mail server", failure.MailServerRefused)
}

// protect begins TLS. A server without it is refused unless it is on this machine:
// whoever sits on the way could take the offer away.
func (s *Session) protect(ctx context.Context) error {
	offered, _ := s.client.Extension("STARTTLS")

	switch {
	case s.server.Implicit:
		return nil
	case !offered && s.server.OnLoopback():
		return nil
	case !offered:
		return failure.New(failure.MailServerRefused, "looking for STARTTLS at the mail server (it offers none)")
	}

	err := s.step(ctx, "starttls", func() error { return s.client.StartTLS(s.server.tls()) })

	return answered(err, "beginning TLS with the mail server", failure.MailServerRefused)
}

// Protected reports whether what is said on the connection is encrypted.
func (s *Session) Protected() bool {
	_, is := s.client.TLSConnectionState()

	return is
}

// login logs in, with PLAIN where that is offered, else with LOGIN.
func (s *Session) login(ctx context.Context) error {
	if s.server.User == "" {
		return nil
	}

	_, mechanisms := s.client.Extension("AUTH")

	auth := smtp.PlainAuth("", s.server.User, s.server.Password, s.server.Host, false)
	if offered := strings.Fields(mechanisms); !slices.Contains(offered, "PLAIN") && slices.Contains(offered, "LOGIN") {
		auth = smtp.LoginAuth(s.server.User, s.server.Password, s.server.Host, false)
	}

	err := s.step(ctx, "auth", func() error { return s.client.Auth(auth) })

	return answered(err, "logging in at the mail server", failure.Unauthorised)
}

// Send hands one mail over. Before the last byte that makes it the server's, atEnd is
// called; where that fails nothing was sent. It returns nil once the server has said
// that it has the mail, and fails with
//
//   - MailRefused: the server will never take this mail,
//   - MailDeferred: it asks to try again later,
//   - MailServerRefused: it does not work with us, whatever the mail; it wants a login,
//   - Unavailable: the connection was lost before the mail was the server's,
//   - MailUncertain: the connection was lost when it may have been the server's.
func (s *Session) Send(ctx context.Context, message Message, atEnd func(context.Context) error) error {
	content, err := message.bytes()
	if err != nil {
		return err
	}

	ctx, cancel := context.WithTimeout(ctx, s.server.Patience.Of(SendTimeout))
	defer cancel()

	if err := s.envelope(ctx, message); err != nil {
		return err
	}

	return s.data(ctx, content, atEnd)
}

// envelope says from whom and to whom.
func (s *Session) envelope(ctx context.Context, message Message) error {
	if s.used {
		err := s.step(ctx, "rset", s.client.Reset)
		if err := answered(err, "beginning another mail", failure.MailServerRefused); err != nil {
			return err
		}
	}

	s.used = true
	s.client.SkipSMTPUTF8(true)

	// A sender that is refused is refused for every mail: no mail is given up for it.
	err := s.step(ctx, "mail", func() error { return s.client.Mail("<" + message.From.Address + ">") })
	if err := answered(err, "naming the sender of a mail", failure.MailServerRefused); err != nil {
		return err
	}

	err = s.step(ctx, "rcpt", func() error { return s.client.Rcpt("<" + message.To + ">") })

	return answered(err, "naming the recipient of a mail", failure.MailRefused)
}

// data sends the content and waits for the server to take it.
func (s *Session) data(ctx context.Context, content []byte, atEnd func(context.Context) error) error {
	err := s.step(ctx, "data", func() error {
		writer, err := s.client.Data()
		if err != nil {
			return err //nolint:wrapcheck // answered does
		}

		_, err = writer.Write(content)
		s.end = writer.Close

		return err
	})
	if err := answered(err, "sending a mail", failure.MailRefused); err != nil {
		return err
	}

	if err := atEnd(ctx); err != nil {
		return err
	}

	// From here on the server may have the mail, whatever becomes of us.
	err = s.step(ctx, "end", func() error {
		end := s.end
		s.end = nil

		return end()
	})
	if _, said := errors.AsType[*textproto.Error](err); err != nil && !said {
		return failure.Wrap(failure.MailUncertain, "waiting for the mail server to take a mail", errLost)
	}

	return answered(err, "ending a mail", failure.MailRefused)
}

// Close says goodbye and closes the connection. What was sent is sent, so an error
// here says only that the goodbye was not answered. In the middle of a mail it hangs
// up without a word: textproto ends an open content before it writes another line, so
// a QUIT there would send the mail.
func (s *Session) Close(ctx context.Context) error {
	if s.end != nil {
		return s.hangUp()
	}

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.server.Patience.Of(quitTimeout))
	defer cancel()

	err := s.step(ctx, "quit", s.client.Quit)

	return errors.Join(failure.Wrap(failure.Unavailable, "taking leave of the mail server", err), s.hangUp())
}

// hangUp closes the connection, if there is one; one that is closed already is closed.
func (s *Session) hangUp() error {
	if s.conn == nil {
		return nil
	}

	if err := s.conn.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return failure.Wrap(failure.Unavailable, "closing the connection to the mail server", err)
	}

	return nil
}
