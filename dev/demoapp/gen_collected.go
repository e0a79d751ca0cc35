//nolint:mnd,goconst // an invented world is made of arbitrary numbers and words; names would not explain them
package demoapp

import (
	"math/rand/v2"
	"time"
)

func collectedTables() []table {
	return []table{
		{name: "app.displays", columns: []string{
			"company_id", "id", "campaign_id", "variant", "shown_at", "visitor_id", "ip", "user_agent", "page_url",
			"referrer", "device", "country", "dwell", "converted", "properties",
		}, parts: displayParts, write: writeDisplays, orphans: orphanDisplays},
		{name: "app.leads", columns: []string{
			"company_id", "id", "campaign_id", "visitor_id", "email", "full_name", "phone", "ip", "user_agent",
			"custom_fields", "tags", "score", "consent", "created_at",
		}, write: eachLead(writeLead)},
		{name: "app.lead_events", columns: []string{
			"company_id", "lead_id", "seq", "kind", "at", "ip", "payload",
		}, write: eachLead(writeLeadEvents)},
		{name: "app.visitor_presence", columns: []string{
			"company_id", "site_id", "visitor_id", "ip", "page_url", "seen_at",
		}, write: eachAccount(writePresence)},
	}
}

// lead is what a lead's events must know of it.
type lead struct {
	id, campaign int64
	account      *account
	who          person
	at           time.Time
}

// canaryLead is the number of the lead that holds canaries, twinLead that of the same person at another customer.
const (
	canaryLead = 1
	twinLead   = 2
)

// lead makes the lead of a number. People recur: under several accounts they are several subjects.
func (p *plan) lead(id int64) lead {
	const yearDays = 365
	g := p.rng("lead", id)
	l := lead{id: id, account: p.pick(g), who: p.person(g.Int64N(p.leads()*3/4 + 1))}
	step := yearDays * day / time.Duration(p.leads())
	l.at = p.asOf.Add(-step * time.Duration(p.leads()-id)).Add(-time.Duration(g.IntN(86_400)) * time.Second)
	switch id {
	case canaryLead:
		l.account, l.who = &p.accounts[0], person{canaryLeadName, canaryLeadEmail, canaryLeadPhone}
	case twinLead:
		l.account, l.who.name, l.who.email = &p.accounts[1], canaryTwinName, canaryLeadEmail
	}
	l.campaign = l.account.campaign(g)
	return l
}

func eachLead(write func(*plan, lead, *rows) error) func(*plan, int, *rows) error {
	return func(p *plan, _ int, r *rows) error {
		for id := int64(1); id <= p.leads(); id++ {
			if err := write(p, p.lead(id), r); err != nil {
				return err
			}
		}
		return nil
	}
}

func writeLead(p *plan, l lead, r *rows) error {
	g := p.rng("lead row", l.id)
	fields := customFields(g, l.who)
	visitor := uuid(g)
	if l.id == canaryLead {
		visitor = canaryVisitor
		fields["allergies"] = canaryLeadField
	}
	r.int(l.account.id)
	r.int(l.id)
	r.int(l.campaign)
	r.plain(visitor)
	r.text(l.who.email)
	if l.id > twinLead && chance(g, 20) {
		r.null()
	} else {
		r.text(l.who.name)
	}
	if l.id > twinLead && chance(g, 40) {
		r.null()
	} else {
		r.text(l.who.phone)
	}
	r.plain(address(g))
	r.text(p.agent(g))
	r.json(fields)
	r.array(pick(g, tagWords), pick(g, topics))
	if chance(g, 80) {
		r.cents(g.Int64N(10_000))
	} else {
		r.null()
	}
	r.text("I agree that " + sentence(g, 8) + "\nVersion 3")
	r.time(l.at)
	return r.end()
}

// customFields are what forms ask for: sometimes nested, sometimes the same person again in other words.
func customFields(g *rand.Rand, who person) map[string]any {
	fields := map[string]any{"topic": pick(g, topics), "message": sentence(g, 5+g.IntN(10))}
	if chance(g, 50) {
		fields["contact"] = map[string]any{"Mail": who.email, "name": who.name, "tel": []string{who.phone}}
	}
	if chance(g, 30) {
		fields["size"] = g.IntN(50)
		fields["newsletter"] = nil
	}
	return fields
}

func writeLeadEvents(p *plan, l lead, r *rows) error {
	g := p.rng("lead events", l.id)
	count := 1 + g.IntN(len(eventKinds))
	for n := range count {
		payload := map[string]any{"subject": sentence(g, 5), "to": l.who.email, "message_id": uuid(g)}
		if l.id == canaryLead && n == 0 {
			payload["subject"] = canaryEvent
		}
		r.int(l.account.id)
		r.int(l.id)
		r.int(int64(n + 1))
		r.plain(eventKinds[n])
		r.time(l.at.Add(time.Duration(n*g.IntN(7200)) * time.Second))
		r.plain(address(g))
		r.json(payload)
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writePresence(p *plan, a *account, r *rows) error {
	g := p.rng("presence", a.id)
	ip := address(g)
	if a.id == largeAccount {
		ip = canaryPresenceIP
	}
	r.int(a.id)
	r.int(a.firstSite)
	r.plain(uuid(g))
	r.plain(ip)
	r.text("https://" + siteDomain(a.firstSite) + pick(g, pages))
	r.time(p.asOf.Add(-time.Duration(g.IntN(600)) * time.Second))
	return r.end()
}
