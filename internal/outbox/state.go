package outbox

import "time"

// State is what became of a mail.
type State string

// The states. A mail is stored in all of them but Delivered, which is Accepted that
// nothing spoke against for long enough.
const (
	// Waiting: it is to be sent, or is being sent.
	Waiting State = "waiting"
	// Accepted: a mail server said that it has it.
	Accepted State = "accepted"
	// Delivered: accepted, and no bounce came for DeliveredAfter.
	Delivered State = "delivered"
	// Refused: a mail server said that it will never take it.
	Refused State = "refused"
	// GivenUp: no mail server took it before its time was over.
	GivenUp State = "given_up"
	// Uncertain: twice the connection was lost when the server may have had it, or once
	// and its time was over before another try succeeded. It is not sent again, and
	// counts as not delivered.
	Uncertain State = "uncertain"
	// Bounced: it came back after it was accepted.
	Bounced State = "bounced"
	// Complained: the recipient calls it spam.
	Complained State = "complained"
)

// States are all states, in the order of the docs.
func States() []State {
	return []State{Waiting, Accepted, Delivered, Refused, GivenUp, Uncertain, Bounced, Complained}
}

// DeliveredAfter is how long a mail must have been accepted without a bounce to count
// as delivered. Servers give up after four or five days at most (RFC 5321, 4.5.4.1),
// and most that do so do within two.
const DeliveredAfter = 72 * time.Hour

// StateAt is the state of a mail at an instant: that which is stored, with Accepted
// become Delivered once its time is over.
func StateAt(stored State, acceptedAt, asOf time.Time) State {
	if stored == Accepted && !acceptedAt.IsZero() && !asOf.Before(acceptedAt.Add(DeliveredAfter)) {
		return Delivered
	}

	return stored
}

// retries are the waits after the first, second, … try of a mail; the last one stays.
// A server that greylists wants some minutes, one that is down is back within hours.
func retries() []time.Duration {
	return []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
	}
}

// NextTry is how long after a try that failed the next one may be made; tries are
// counted from 1.
func NextTry(tries int) time.Duration {
	waits := retries()

	return waits[min(max(tries, 1), len(waits))-1]
}

// maxHanded is how often a mail may be handed over without an answer: once, and one
// copy more.
const maxHanded = 2
