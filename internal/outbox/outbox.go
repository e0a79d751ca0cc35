// Package outbox keeps the mails of Steward from the moment that a business
// transaction decides on them until their end date: who is written to and what is
// said, sealed with a key of each mail's own, and what became of it.
//
// A mail is a row in the transaction that decided on it, so it is sent if and only if
// that commits. Its Message-ID is fixed in the row: whatever dies on the way, every
// copy of a mail is recognised as the same one, and there is at most one copy more
// than there should be.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"net/mail"
	"time"

	"github.com/jackc/pgx/v5"

	"steward/internal/casekey"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/letter"
	protocol "steward/internal/mail"
	"steward/internal/postgres"
)

// idPrefix begins the ids of mails.
const idPrefix = "mail"

// Box takes mails. It is safe for concurrent use.
type Box struct {
	// Keeper seals them.
	Keeper casekey.Keeper
	// From is the sender; its domain is that of every Message-ID.
	From mail.Address
	// GiveUp is how long after it was queued a mail is tried.
	GiveUp time.Duration
	// Keep is how long after it was queued a mail's row lasts, sealed parts and all.
	Keep time.Duration
}

// Mail is what is to be sent.
type Mail struct {
	// Cause is the identity of the effect: a second mail of the same cause is the
	// first one. It is an opaque text of the workflow or the act, the step and the
	// business instant.
	Cause string
	// To is the bare address of the recipient, Language what the recipient reads.
	To       string
	Language letter.Language
	// Letter is what is said.
	Letter letter.Letter
	// About is the opaque id of what it is about, may be empty.
	About string
}

// The columns that are sealed, as their values are bound to them.
const (
	columnRecipient = "mail.recipient"
	columnContent   = "mail.content"
)

// Put writes the mail and queues it in the caller's transaction: it is sent once that
// has committed, and a crash before leaves nothing of it. It gives the id of the mail,
// that of the first one where the cause had one already. It fails with LetterInvalid
// where the recipient or a value cannot stand in a mail.
func (b Box) Put(ctx context.Context, q postgres.Queryer, wanted Mail, at time.Time) (string, error) {
	if err := b.Keeper.Ready(); err != nil {
		return "", err
	}

	to, err := protocol.Address(wanted.To)
	if err != nil {
		return "", failure.Wrap(failure.LetterInvalid, "queuing a mail", err)
	}

	content, err := letter.Render(wanted.Letter, wanted.Language)
	if err != nil {
		return "", failure.Wrap(failure.LetterInvalid, "queuing a mail", err)
	}

	var first string

	err = q.QueryRow(ctx, `select id from mail where cause = $1`, wanted.Cause).Scan(&first)
	if err == nil {
		return first, nil
	}

	if !errors.Is(err, pgx.ErrNoRows) {
		return "", failure.Wrap(failure.Unavailable, "looking for a mail of the same cause", err)
	}

	return b.insert(ctx, q, wanted, to, content, at)
}

// insert seals and stores a mail. Of two transactions that do so for one cause at the
// same moment the second fails, and finds the first one's when it is tried again.
func (b Box) insert(
	ctx context.Context, q postgres.Queryer, wanted Mail, to string, content letter.Rendered, at time.Time,
) (string, error) {
	id, ends := ids.New(idPrefix), at.Add(b.Keep)

	key, err := b.Keeper.Make(ctx, q, id, at, ends)
	if err != nil {
		return "", failure.Wrap(failure.CaseKeyWrong, "sealing a mail", err)
	}

	written, err := json.Marshal(content)
	if err != nil {
		return "", failure.Wrap(failure.LetterInvalid, "writing a mail", err)
	}

	recipient, err := key.Seal(columnRecipient, []byte(to))
	if err != nil {
		return "", err
	}

	body, err := key.Seal(columnContent, written)
	if err != nil {
		return "", err
	}

	_, err = q.Exec(ctx, `insert into mail (id, message_id, cause, about, letter, language, recipient, content,
			queued_at, next_at, give_up_at, ends_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)`,
		id, id+"@"+protocol.Domain(b.From.Address), wanted.Cause, wanted.About, wanted.Letter.Name(), string(wanted.Language),
		recipient, body, at, at.Add(b.GiveUp), ends)

	return id, failure.Wrap(failure.Unavailable, "queuing a mail", err)
}
