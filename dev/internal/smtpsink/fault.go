package smtpsink

import (
	"slices"
	"sync"

	"github.com/emersion/go-smtp"
)

// Fault is a way in which the sink fails.
type Fault string

// The faults.
const (
	// None takes every mail.
	None Fault = "none"
	// Defer asks to come back later (450).
	Defer Fault = "defer"
	// Refuse takes no mail for this recipient, ever (550).
	Refuse Fault = "refuse"
	// Drop closes the connection at the end of a mail without keeping it.
	Drop Fault = "drop"
	// DropAfter keeps the mail and closes the connection without an answer.
	DropAfter Fault = "drop-after"
)

// Faults are all faults, in the order of the page.
func Faults() []Fault { return []Fault{None, Defer, Refuse, Drop, DropAfter} }

// switchboard says how the next mails fail.
type switchboard struct {
	mu    sync.Mutex
	fault Fault // owned by mu
	left  int   // owned by mu; mails that still fail
}

// set lets the next count mails fail so. An unknown fault changes nothing and is told.
func (s *switchboard) set(fault Fault, count int) bool {
	if !slices.Contains(Faults(), fault) || count < 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault, s.left = fault, count
	return true
}

// now is the fault that is set, and for how many mails.
func (s *switchboard) now() (Fault, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 {
		return None, 0
	}
	return s.fault, s.left
}

// take uses one mail's fault up if it is one of those given.
func (s *switchboard) take(of ...Fault) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left == 0 || !slices.Contains(of, s.fault) {
		return None
	}
	s.left--
	return s.fault
}

// rejection is the answer of a fault at the recipient; nil lets it in.
func rejection(fault Fault) error {
	switch fault {
	case Defer:
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 2, 0}, Message: "come back later"} //nolint:mnd // RFC 5321
	case Refuse:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "nobody of that name"} //nolint:mnd // RFC 5321
	case None, Drop, DropAfter:
	}
	return nil
}
