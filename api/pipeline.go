package main

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"golang.org/x/sync/semaphore"

	"steward/internal/access"
	"steward/internal/clientaddr"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/problem"
	"steward/internal/ratelimit"
)

// handlerTimeout is how long one operation may work: all of them are a few
// statements. What takes longer than this is stuck, and holds a connection to the
// database that others wait for.
const handlerTimeout = 10 * time.Second

// admitTimeout is how long it may take to find out who calls; package credential gives
// the database less.
const admitTimeout = 5 * time.Second

// routes are the operations behind what every request passes: it implements huma's
// Adapter, so that no operation can be reached around it.
type routes struct {
	mux       *http.ServeMux
	finder    clientaddr.Finder
	proxyOnly bool // plain HTTP beyond loopback: only proxies may connect
	verifier  authenticator
	faults    faults.Injector
	addresses *ratelimit.Limiter[netip.Prefix]
	documents *ratelimit.Limiter[netip.Prefix] // of addresses too, for what is large
	callers   *ratelimit.Limiter[string]
	room      *semaphore.Weighted // in bytes, for requests that are worked on
	observe   func(ctx context.Context, x *exchange, status int, written int64)
}

func newRoutes(p *process) *routes {
	return &routes{
		mux: http.NewServeMux(), finder: p.door.Finder, proxyOnly: p.door.ProxyOnly(), verifier: p.verifier, faults: p.faults,
		addresses: ratelimit.New[netip.Prefix](p.door.AddressLimit(), p.machine),
		documents: ratelimit.New[netip.Prefix](p.door.DocumentLimit(), p.machine),
		callers:   ratelimit.New[string](p.door.CredentialLimit(), p.machine),
		room:      semaphore.NewWeighted(roomForAll),
		observe:   p.observe,
	}
}

// Handle adds an operation; huma calls it.
func (t *routes) Handle(op *huma.Operation, handler func(huma.Context)) {
	rule := ruleOf(op.OperationID)

	t.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		x.operation = op.OperationID

		who, err := t.admit(r, x, rule)
		if err == nil {
			var leave func()

			leave, err = t.enter(r, op, rule)
			defer leave()
		}

		if err == nil {
			err = t.read(w, r, x, op)
		}

		if err != nil {
			refuse(r.Context(), w, err)

			return
		}

		ctx, cancel := context.WithTimeout(r.Context(), handlerTimeout)
		defer cancel()

		if who != nil {
			ctx = access.With(ctx, *who)
		}

		handler(humago.NewContext(op, r.WithContext(ctx), w))
	})
}

// ServeHTTP is part of huma's Adapter; requests come through handler.
func (t *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// admit finds out who calls and whether they may; nobody calls a public operation.
//
// Whoever shows credentials that hold spends what those have. What an address may
// spend goes to everything else, so that nobody there keeps the others from calling.
func (t *routes) admit(r *http.Request, x *exchange, rule access.Rule) (*access.Principal, error) {
	// A time of its own: a body that comes slowly takes nothing from the handler.
	ctx, cancel := context.WithTimeout(r.Context(), admitTimeout)
	defer cancel()

	address := clientaddr.Network(clientaddr.From(ctx))

	switch {
	case slices.Contains(documents(), rule.Operation):
		return nil, t.spend(x, t.documents.Allow(address))
	case rule.Public:
		return nil, t.spend(x, t.addresses.Allow(address))
	}

	who, err := t.recognise(ctx, r, x)
	if err != nil {
		if problem.From(err).Status < http.StatusInternalServerError {
			if slowed := t.spend(x, t.addresses.Allow(address)); slowed != nil {
				return nil, slowed
			}
		}

		return nil, err
	}

	if err := t.spend(x, t.callers.Allow(who.Credential)); err != nil {
		return nil, err
	}

	switch access.Decide(rule, who) {
	case access.Granted:
		return who, nil
	case access.Renew:
		return nil, failure.New(failure.TokenHanded, "looking for who has seen the token")
	default:
		return nil, failure.New(failure.NotPermitted, "looking for the operation in the role table")
	}
}

// documents are the public operations whose answers are large, the same for everybody,
// and stored by nobody.
func documents() []access.Operation { return []access.Operation{"get-openapi", "get-docs"} }

// recognise tells whose credentials the request shows.
func (t *routes) recognise(ctx context.Context, r *http.Request, x *exchange) (*access.Principal, error) {
	token, err := bearer(r.Header)
	if err != nil {
		return nil, err
	}

	who, err := t.verifier.Verify(ctx, token)
	if err != nil {
		return nil, notVerified(err)
	}

	x.credential, x.secret = who.Credential, secretOf(token)

	return &who, nil
}

// spend tells the caller how much is left, and refuses where nothing is.
func (t *routes) spend(x *exchange, decision ratelimit.Decision) error {
	decision.Headers(x.headers)

	if decision.Allowed {
		return nil
	}

	return tooMany(decision.RetryIn)
}
