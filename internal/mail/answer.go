package mail

import (
	"errors"
	"fmt"
	"net/textproto"
	"slices"

	"steward/internal/failure"
)

// permanent is the first reply code that means never; below it, later.
const permanent = 500

// ReplyError is what a mail server answered, by its code only: its words may name a
// recipient.
type ReplyError struct {
	// Code is of RFC 5321, section 4.2.3, such as 550.
	Code int
	// OneMail says that it was about the recipient or the content of one mail, so that
	// another mail may be answered otherwise.
	OneMail bool
}

// Error implements error.
func (e *ReplyError) Error() string { return fmt.Sprintf("the mail server answered %d", e.Code) }

// Reply is the code that a server answered, 0 where err holds none.
func Reply(err error) int {
	if reply, found := errors.AsType[*ReplyError](err); found {
		return reply.Code
	}

	return 0
}

// OfOneMail reports whether err holds an answer about the recipient or the content of one
// mail.
func OfOneMail(err error) bool {
	reply, found := errors.AsType[*ReplyError](err)

	return found && reply.OneMail
}

// errLost stands for what the connection or the library said, whose words may hold
// parts of the conversation.
var errLost = errors.New("the conversation with the mail server ended")

// wantsLogin reports whether a reply is about who we are, and not about the mail: RFC
// 4954, sections 4 and 6, gives these codes the same meaning after every command. They
// come where a login is missing, too weak, wrong, or would need encryption.
func wantsLogin(reply int) bool {
	return slices.Contains([]int{530, 534, 535, 538}, reply)
}

// answered gives the error of a request its code: refused where the server said
// never, MailDeferred where it said later, Unavailable where it said nothing. No mail is
// refused for a login: that is MailServerRefused. It returns nil for nil.
func answered(err error, op string, refused failure.Code) error {
	if err == nil {
		return nil
	}

	said, ok := errors.AsType[*textproto.Error](err)

	switch {
	case !ok:
		return failure.Wrap(failure.Unavailable, op, errLost)
	case refused == failure.MailRefused && wantsLogin(said.Code):
		return failure.Wrap(failure.MailServerRefused, op, &ReplyError{Code: said.Code, OneMail: true})
	case said.Code >= permanent:
		return failure.Wrap(refused, op, &ReplyError{Code: said.Code, OneMail: refused == failure.MailRefused})
	default:
		return failure.Wrap(failure.MailDeferred, op, &ReplyError{Code: said.Code, OneMail: refused == failure.MailRefused})
	}
}
