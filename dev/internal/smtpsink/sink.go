package smtpsink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"steward/internal/clocks"
)

const (
	// maxMail bounds a mail, in bytes: letters are some kilobytes.
	maxMail = 10 << 20
	// patience is how long a client may be silent.
	patience = time.Minute
)

// Sink is the mail server and its page.
type Sink struct {
	store  *Store
	clock  clocks.Clock
	faults switchboard
	server *smtp.Server
}

// New makes a sink that keeps mails in the store.
func New(store *Store, clock clocks.Clock) *Sink {
	sink := &Sink{store: store, clock: clock}
	sink.server = smtp.NewServer(smtp.BackendFunc(func(conn *smtp.Conn) (smtp.Session, error) {
		return &session{sink: sink, conn: conn}, nil
	}))
	sink.server.Domain, sink.server.MaxMessageBytes, sink.server.MaxRecipients = "smtpsink", maxMail, 1
	sink.server.ReadTimeout, sink.server.WriteTimeout = patience, patience
	return sink
}

// Fail lets the next count mails fail so; false for an unknown fault.
func (s *Sink) Fail(fault Fault, count int) bool { return s.faults.set(fault, count) }

// ServeSMTP takes mails until ctx ends, and closes the listener then. It does so itself:
// the library's own Close knows no listener before its Serve has begun.
func (s *Sink) ServeSMTP(ctx context.Context, listener net.Listener) error {
	stop := context.AfterFunc(ctx, func() {
		// The accept ends with these, and what they say is said by it.
		_, _ = listener.Close(), s.server.Close() //nolint:errcheck // as above
	})
	defer stop()
	if err := s.server.Serve(listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("taking mails: %w", err)
	}
	return nil
}

// session is one client's.
type session struct {
	sink *Sink
	conn *smtp.Conn
}

// Mail implements smtp.Session.
func (*session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements smtp.Session.
func (s *session) Rcpt(string, *smtp.RcptOptions) error {
	return rejection(s.sink.faults.take(Defer, Refuse))
}

// Data implements smtp.Session. The mail is kept before it is answered for.
func (s *session) Data(content io.Reader) error {
	text, err := io.ReadAll(content)
	if err != nil {
		return fmt.Errorf("reading a mail: %w", err)
	}
	fault := s.sink.faults.take(Drop, DropAfter)
	if fault != Drop {
		if _, err := s.sink.store.Put(text, s.sink.clock.Now()); err != nil {
			return err
		}
	}
	if fault != None {
		return s.hangUp()
	}
	return nil
}

// hangUp closes the connection under the server's feet, as a power cut would.
func (s *session) hangUp() error {
	if err := s.conn.Conn().Close(); err != nil {
		return fmt.Errorf("hanging up: %w", err)
	}
	return nil
}

// Reset implements smtp.Session.
func (*session) Reset() {}

// Logout implements smtp.Session.
func (*session) Logout() error { return nil }
