package credential

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net/netip"
	"time"

	"steward/internal/access"
	"steward/internal/clocks"
	"steward/internal/failure"
	"steward/internal/postgres"
)

// Options are what a Verifier works with.
type Options struct {
	// DB is the steward database, as the API's role sees it.
	DB *postgres.DB
	// Clock tells when credentials have expired.
	Clock clocks.Clock
	// Address tells from where a request comes; nil means that nobody knows.
	Address func(ctx context.Context) netip.Addr
	// Refused is told of each wrong credential, with the address that it came from;
	// nil tells nobody. It must not block.
	Refused func(from netip.Addr, at time.Time)
	// Log gets what goes wrong in listening; nil means nobody.
	Log *slog.Logger
}

// Verifier tells whose credential a token is. It is safe for concurrent use.
//
// While Run listens, it knows all credentials: neither a right nor a wrong token
// costs a query, so that a flood of wrong ones takes nothing from the right ones.
// Otherwise it asks the database about each.
type Verifier struct {
	options Options
	known   *roster
	strikes *strikes
	// ask lets only a few tokens ask the database at once.
	ask chan struct{}
	// line holds those and who waits for a turn.
	line chan struct{}
	pace pace
}

const (
	// askAtOnce is how many tokens may ask the database at once while nobody listens:
	// a part of the pool only, the rest belongs to the work itself.
	askAtOnce = 3
	// lineLength is how many may ask or wait to. Each asks for milliseconds, so that
	// the last one is answered in less than a second; more than these are told to come
	// again, since each holds a connection and memory.
	lineLength = 100
)

// NewVerifier makes a Verifier; nothing is read yet.
func NewVerifier(options Options) *Verifier {
	if options.Address == nil {
		options.Address = func(context.Context) netip.Addr { return netip.Addr{} }
	}

	if options.Refused == nil {
		options.Refused = func(netip.Addr, time.Time) {}
	}

	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}

	return &Verifier{
		options: options, known: newRoster(), strikes: newStrikes(),
		ask: make(chan struct{}, askAtOnce), line: make(chan struct{}, lineLength), pace: usualPace(),
	}
}

// Verify tells whose token this is. It fails with CredentialsMissing for an empty
// one, with CredentialsWrong for one that is none of ours, with CredentialsExpired
// or CredentialsRevoked for one that was, with CredentialsSlowed (a *Slowed is in
// the chain) instead of CredentialsWrong once too many wrong ones came from an
// address or for an id, with Unavailable where the database did not answer in time,
// and with TooBusy where too many wait for it already.
//
// A right token is answered whatever else came from its address, once Run has listened.
func (v *Verifier) Verify(ctx context.Context, text string) (access.Principal, error) {
	if text == "" {
		return access.Principal{}, failure.New(failure.CredentialsMissing, "looking at the credentials")
	}

	token, wellFormed := Parse(text)
	if !wellFormed {
		return access.Principal{}, v.wrong(ctx, "")
	}

	have, err := v.find(ctx, token.ID)
	if err != nil {
		return access.Principal{}, err
	}

	// A comparison is made in any case, of the same length, so that the time of an
	// answer does not tell which ids there are.
	compared := have
	if compared == nil {
		compared = &record{digest: nobodys()}
	}

	same := subtle.ConstantTimeCompare(compared.digest[:], token.Digest[:]) == 1
	if have == nil || !same {
		return access.Principal{}, v.wrong(ctx, token.ID)
	}

	if err := v.over(have); err != nil {
		return access.Principal{}, err
	}

	return have.who, nil
}

// nobodys is a digest that no secret is known for.
func nobodys() Digest { return sha256.Sum256([]byte("nobody")) }

// over says why a credential whose secret was right holds no more. Only who has the
// secret is told.
func (v *Verifier) over(have *record) error {
	switch {
	case have.revoked:
		return failure.New(failure.CredentialsRevoked, "looking at the credentials")
	case !v.options.Clock.Now().Before(have.expires):
		return failure.New(failure.CredentialsExpired, "looking at the credentials")
	}

	return nil
}

// wrong counts a wrong credential and says how it is answered.
func (v *Verifier) wrong(ctx context.Context, id string) error {
	from, now := v.options.Address(ctx), clocks.System().Now()
	v.options.Refused(from, v.options.Clock.Now())

	if wait := v.strikes.strike(from, id, now); wait > 0 {
		return failure.Wrap(failure.CredentialsSlowed, "looking at the credentials", &Slowed{After: wait})
	}

	return failure.New(failure.CredentialsWrong, "looking at the credentials")
}

// find looks an id up; nil where there is none.
func (v *Verifier) find(ctx context.Context, id string) (*record, error) {
	now := clocks.System().Now()
	if have, certain := v.known.find(id, now); certain {
		return have, nil
	}

	// A flood does not reach the database, nor does it keep those out who were there.
	if wait := v.strikes.waiting(v.options.Address(ctx), now); wait > 0 && !v.known.knew(id) {
		return nil, failure.Wrap(failure.CredentialsSlowed, "looking at the credentials", &Slowed{After: wait})
	}

	return v.askFor(ctx, id)
}

// askFor asks the database, after those who came before.
func (v *Verifier) askFor(ctx context.Context, id string) (*record, error) {
	select {
	case v.line <- struct{}{}:
		defer func() { <-v.line }()
	default:
		return nil, failure.New(failure.TooBusy, "waiting to look at the credentials")
	}

	// Both the turn and the answer: nobody waits longer than a caller would.
	ctx, cancel := context.WithTimeout(ctx, v.pace.answer)
	defer cancel()

	select {
	case v.ask <- struct{}{}:
		defer func() { <-v.ask }()
	case <-ctx.Done():
		return nil, failure.Wrap(failure.Unavailable, "waiting to look at the credentials", ctx.Err())
	}

	found, err := readOne(ctx, v.options.DB, id)
	if err != nil || len(found) == 0 {
		return nil, err
	}

	return &found[0], nil
}
