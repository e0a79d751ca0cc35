package idempotency

import "time"

// Row is what is remembered of a request that was done: a row of idempotency_keys,
// for who writes it in the same statement as the effect. The answer in it is sealed.
type Row struct {
	// Owner, Operation and KeyHash are the primary key: a second insert of it fails,
	// and must take the effect back with it.
	Owner, Operation string
	KeyHash          []byte
	// PlainHash is what a row of before the pepper has for KeyHash: where either is there, the
	// request was seen.
	PlainHash []byte
	// Credential is the one that was shown.
	Credential string
	// BodyMAC tells the same request from another one.
	BodyMAC []byte
	// Answer is sealed for the holder of the credential.
	Answer []byte
	// EndsAt is when it is forgotten.
	EndsAt time.Time
}

// Prepare makes the row of a request whose answer is known before its effect. Who
// asks with the same key afterwards is answered by Do.
func Prepare(asked Request, answer []byte, now time.Time, keep time.Duration) (Row, error) {
	s := seal(asked)

	sealed, err := s.close(answer)
	if err != nil {
		return Row{}, err
	}

	hashes := keyHashes(asked)

	return Row{
		Owner: asked.Owner, Operation: asked.Operation, KeyHash: hashes[0], PlainHash: hashes[len(hashes)-1], Credential: asked.Credential,
		BodyMAC: s.mac(asked), Answer: sealed, EndsAt: now.Add(keep),
	}, nil
}
