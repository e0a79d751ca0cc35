package main

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"steward/internal/access"
	"steward/internal/clientaddr"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/ratelimit"
)

// handlerTimeout is how long one operation may work: all of them are a few
// statements. What takes longer than this is stuck, and holds a connection to the
// database that others wait for.
const handlerTimeout = 10 * time.Second

// routes are the operations behind what every request passes: it implements huma's
// Adapter, so that no operation can be reached around it.
type routes struct {
	mux       *http.ServeMux
	finder    clientaddr.Finder
	proxyOnly bool // plain HTTP beyond loopback: only proxies may connect
	verifier  authenticator
	faults    faults.Injector
	addresses *ratelimit.Limiter[netip.Prefix]
	callers   *ratelimit.Limiter[string]
	observe   func(ctx context.Context, x *exchange, status int, written int64)
}

func newRoutes(p *process) *routes {
	return &routes{
		mux: http.NewServeMux(), finder: p.door.Finder, proxyOnly: p.door.ProxyOnly(), verifier: p.verifier, faults: p.faults,
		addresses: ratelimit.New[netip.Prefix](p.door.AddressLimit(), p.machine),
		callers:   ratelimit.New[string](p.door.CredentialLimit(), p.machine),
		observe:   p.observe,
	}
}

// Handle adds an operation; huma calls it.
func (t *routes) Handle(op *huma.Operation, handler func(huma.Context)) {
	rule := ruleOf(op.OperationID)

	t.mux.HandleFunc(op.Method+" "+op.Path, func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		x.operation = op.OperationID

		ctx, err := t.admit(r, x, rule) // made from that of the request
		if err == nil {
			err = t.read(w, r, x, op)
		}

		if err != nil {
			refuse(ctx, w, err) //nolint:contextcheck // as said

			return
		}

		ctx, cancel := context.WithTimeout(ctx, handlerTimeout)
		defer cancel()

		handler(humago.NewContext(op, r.WithContext(ctx), w)) //nolint:contextcheck // as said
	})
}

// ServeHTTP is part of huma's Adapter; requests come through handler.
func (t *routes) ServeHTTP(w http.ResponseWriter, r *http.Request) { t.mux.ServeHTTP(w, r) }

// admit finds out who calls and whether they may. The cheap questions come first: a
// flood is turned away before it costs anything.
func (t *routes) admit(r *http.Request, x *exchange, rule access.Rule) (context.Context, error) {
	ctx := r.Context()

	if err := t.spend(x, t.addresses.Allow(clientaddr.Network(clientaddr.From(ctx)))); err != nil {
		return ctx, err
	}

	if rule.Public {
		return ctx, nil
	}

	token, err := bearer(r.Header)
	if err != nil {
		return ctx, err
	}

	who, err := t.verifier.Verify(ctx, token)
	if err != nil {
		return ctx, notVerified(err)
	}

	ctx = access.With(ctx, who)
	x.credential, x.secret = who.Credential, secretOf(token)

	if err := t.spend(x, t.callers.Allow(who.Credential)); err != nil {
		return ctx, err
	}

	switch access.Decide(rule, &who) {
	case access.Granted:
		return ctx, nil
	case access.Renew:
		return ctx, failure.New(failure.TokenHanded, "looking for who has seen the token")
	default:
		return ctx, failure.New(failure.NotPermitted, "looking for the operation in the role table")
	}
}

// spend tells the caller how much is left, and refuses where nothing is.
func (t *routes) spend(x *exchange, decision ratelimit.Decision) error {
	decision.Headers(x.headers)

	if decision.Allowed {
		return nil
	}

	return tooMany(decision.RetryIn)
}
