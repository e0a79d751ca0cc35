package main

import (
	"context"
	"net/netip"
	"time"

	"steward/internal/authlog"
	"steward/internal/clientaddr"
	"steward/internal/credential"
)

// openVerifier lets the process know whose a token is: from the database, and heard
// of at once when that changes. What is wrong goes to the log for fail2ban, where one
// is configured.
func (p *process) openVerifier() {
	options := credential.Options{DB: p.db, Clock: p.clock, Address: clientaddr.From, Log: p.log}

	if path := p.door.AuthLog; path != "" {
		wrong := authlog.New(path, p.machine, p.log)
		options.Refused = func(from netip.Addr, _ time.Time) { p.refused(from, wrong) }
		p.background = append(p.background, wrong.Run)
	}

	verifier := credential.NewVerifier(options)
	p.verifier, p.credentialsChanged = verifier, verifier.Forget
	p.background = append(p.background, func(ctx context.Context) error {
		verifier.Run(ctx)

		return nil
	})
}

// refused notes from where a wrong credential came. A proxy that did not say who called
// is counted and not named: whoever reads the log bans what stands in it, and a ban of
// the proxy would lock everybody out.
func (p *process) refused(from netip.Addr, wrong *authlog.Log) {
	if p.door.Finder.Trusted(from) {
		p.requests.RefusedFromProxy()

		return
	}

	wrong.Refused(from)
}

// forgetCredentials lets the verifier look again, so that a change counts in this
// process before it is answered.
func (p *process) forgetCredentials() {
	if p.credentialsChanged != nil {
		p.credentialsChanged()
	}
}
