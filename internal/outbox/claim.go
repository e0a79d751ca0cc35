package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/letter"
	protocol "steward/internal/mail"
	"steward/internal/postgres"
)

// Lease is how long a claim lasts: longer than a mail may take to be handed over, so
// that nobody else takes it up meanwhile, and short enough that a mail whose sender
// died is not late.
const Lease = protocol.SendTimeout + 2*time.Minute

// Aside is for how long a mail stands aside for whose recipient or content the server wants
// a login: others go first, and once the login is mended it goes soon.
const Aside = 5 * time.Minute

// claim is one try of one mail. Its number is what later statements are bound to: a
// sender that was held up until its lease was over changes nothing any more.
type claim struct {
	id, messageID string
	try           int
	queuedAt      time.Time
	recipient     []byte
	content       []byte
}

// take claims the mail that is due the longest; false if none is. A crash after its
// commit leaves the mail claimed until the lease is over, and not sent.
func take(ctx context.Context, db *postgres.DB, at time.Time) (claim, bool, error) {
	var taken claim

	err := db.QueryRow(ctx, `update mail set claimed_until = $2, tries = tries + 1, tried_at = $1
		where id = (
			select id from mail where state = 'waiting' and next_at <= $1 and give_up_at > $1 and cardinality(handed) < $3
				and (claimed_until is null or claimed_until <= $1)
			order by next_at, id limit 1 for update skip locked)
		returning id, message_id, tries, queued_at, recipient, content`, at, at.Add(Lease), maxHanded).
		Scan(&taken.id, &taken.messageID, &taken.try, &taken.queuedAt, &taken.recipient, &taken.content)
	if errors.Is(err, pgx.ErrNoRows) {
		return claim{}, false, nil
	}

	return taken, err == nil, failure.Wrap(failure.Unavailable, "taking up a mail", err)
}

// due reports whether take would find a mail.
func due(ctx context.Context, q postgres.Queryer, at time.Time) (found bool, err error) {
	err = q.QueryRow(ctx, `select exists (select from mail where state = 'waiting' and next_at <= $1 and give_up_at > $1
		and cardinality(handed) < $2 and (claimed_until is null or claimed_until <= $1))`, at, maxHanded).Scan(&found)

	return found, failure.Wrap(failure.Unavailable, "looking for mails that are due", err)
}

// settle ends the mails whose time is over and those that were handed over twice
// without an answer, and tells how many. One that was handed over once is no mail that
// nobody took: nobody knows. What somebody has claimed is left alone.
func settle(ctx context.Context, q postgres.Queryer, at time.Time) (givenUp, uncertain int64, err error) {
	uncertain, err = q.Exec(ctx, `update mail set state = 'uncertain', settled_at = $1, code = $3, claimed_until = null
		where state = 'waiting' and (claimed_until is null or claimed_until <= $1)
			and (cardinality(handed) >= $2 or cardinality(handed) > 0 and give_up_at <= $1)`,
		at, maxHanded, string(failure.MailUncertain))
	if err != nil {
		return 0, 0, failure.Wrap(failure.Unavailable, "settling mails of unknown fate", err)
	}

	givenUp, err = q.Exec(ctx, `update mail set state = 'given_up', settled_at = $1, claimed_until = null
		where state = 'waiting' and give_up_at <= $1 and (claimed_until is null or claimed_until <= $1)`, at)

	return givenUp, uncertain, failure.Wrap(failure.Unavailable, "giving up mails", err)
}

// hand notes that the server may have the mail from the next byte on. It fails with
// Unavailable where somebody else has taken the mail up: nothing may be sent then. A
// crash after its commit counts as one copy.
func (c claim) hand(ctx context.Context, q postgres.Queryer) error {
	touched, err := q.Exec(ctx, `update mail set handed = array_append(array_remove(handed, $2), $2)
		where id = $1 and tries = $2 and claimed_until is not null and state = 'waiting'`, c.id, c.try)
	if err == nil && touched == 0 {
		return failure.New(failure.Unavailable, "handing over a mail that somebody else has taken up")
	}

	return failure.Wrap(failure.Unavailable, "noting that a mail is handed over", err)
}

// open reads what the mail says.
func (c claim) open(ctx context.Context, q postgres.Queryer, keeper casekey.Keeper) (to string, content letter.Rendered, err error) {
	key, err := keeper.Open(ctx, q, c.id)
	if err != nil {
		return "", content, failure.Wrap(failure.CaseKeyWrong, "opening a mail", err)
	}

	recipient, err := key.Unseal(columnRecipient, c.recipient)
	if err != nil {
		return "", content, failure.Wrap(failure.CaseKeyWrong, "opening a mail", err)
	}

	written, err := key.Unseal(columnContent, c.content)
	if err != nil {
		return "", content, failure.Wrap(failure.CaseKeyWrong, "opening a mail", err)
	}

	err = json.Unmarshal(written, &content)

	return string(recipient), content, failure.Wrap(failure.LetterInvalid, "reading a mail", err)
}

// accepted notes that a server has the mail. A crash before its commit leaves a mail
// that is sent once more, with the same Message-ID. It is noted whoever has claimed
// the mail meanwhile: it is true.
func (c claim) accepted(ctx context.Context, q postgres.Queryer, at time.Time) error {
	_, err := q.Exec(ctx, `update mail set state = 'accepted', accepted_at = $2, code = '', reply = null, claimed_until = null
		where id = $1 and state = 'waiting'`, c.id, at)

	return failure.Wrap(failure.Unavailable, "noting that a mail was accepted", err)
}

// failed notes how a try went. Only one that may have left the mail with the server
// stays in the list of those that handed it over.
func (c claim) failed(ctx context.Context, q postgres.Queryer, cause error, at time.Time) error {
	code := failure.CodeOf(cause)

	state := Waiting
	if ends(code) {
		state = Refused
	}

	_, err := q.Exec(ctx, `update mail set state = $3, code = $4, reply = nullif($5, 0), claimed_until = null, next_at = $6,
			settled_at = case when $3 = 'refused' then $7::timestamptz end,
			handed = case when $8 then handed else array_remove(handed, $2) end
		where id = $1 and tries = $2 and state = 'waiting'`,
		c.id, c.try, string(state), string(code), protocol.Reply(cause), at.Add(NextTry(c.try)), at, code == failure.MailUncertain)

	return failure.Wrap(failure.Unavailable, "noting how a mail went", err)
}

// release gives a mail back untried: what is wrong is between the server and us, and no
// mail's own try is spent on it. It keeps its place, but where the answer was about this
// mail: a server may want a login for some recipients only, so that it stands aside. The
// server answered, so this try did not leave the mail with it. A crash before its commit
// leaves the mail claimed until the lease is over. The number of this try is taken again by
// the next one; hand refuses it to everybody else, since nobody has claimed the mail then.
func (c claim) release(ctx context.Context, q postgres.Queryer, cause error, at time.Time) error {
	_, err := q.Exec(ctx, `update mail set tries = tries - 1, code = $3, reply = nullif($4, 0), claimed_until = null,
			handed = array_remove(handed, $2), next_at = case when $5 then $6 else next_at end
		where id = $1 and tries = $2 and claimed_until is not null and state = 'waiting'`,
		c.id, c.try, string(failure.CodeOf(cause)), protocol.Reply(cause), protocol.OfOneMail(cause), at.Add(Aside))

	return failure.Wrap(failure.Unavailable, "giving a mail back", err)
}

// ends reports whether no later try can succeed: the server will never take the mail,
// or nobody can read any more what it says.
func ends(code failure.Code) bool {
	return code == failure.MailRefused || code == failure.CaseKeyGone || code == failure.LetterInvalid
}
