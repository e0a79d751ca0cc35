//nolint:mnd,goconst // an invented world is made of arbitrary numbers and words; names would not explain them
package demoapp

import (
	"strings"
	"time"
)

const (
	notesPerAccount   = 3
	messagesPerTicket = 3
	// hugeNote is the size in bytes of one note that no row can hold in place.
	hugeNote = 1_300_000
	// longNote is the size of some others, which are stored apart too.
	longNote = 40_000
)

func supportTables() []table {
	return []table{
		{name: "app.files", columns: []string{
			"id", "company_id", "uploaded_by", "name", "content_type", "size", "sha256", "content", "gcs_bucket",
			"gcs_object", "large_object", "uploaded_at",
		}, write: eachAccount(writeFiles)},
		{name: "app.notes", columns: []string{
			"company_id", "id", "author_id", "lead_id", "title", "body", "created_at",
		}, write: eachAccount(writeNotes)},
		{name: "app.support_tickets", columns: []string{
			"id", "company_id", "requester_email", "requester_name", "subject", "status", "browser", "opened_at",
		}, write: eachAccount(writeTicket)},
		{name: "app.support_messages", columns: []string{
			"ticket_id", "seq", "from_name", "body", "sent_at",
		}, write: eachAccount(writeMessages)},
	}
}

func writeNotes(p *plan, a *account, r *rows) error {
	for n := range int64(notesPerAccount) {
		id := (a.id-1)*notesPerAccount + n + 1
		g := p.rng("note", id)
		size := 100 + g.IntN(3000)
		if id%64 == 0 {
			size = longNote
		}
		title, about := sentence(g, 4), int64(0)
		var body string
		switch {
		case a.id == largeAccount && n == 0:
			body, about = paragraphs(g, size)+canaryNote+"\n"+paragraphs(g, size), canaryLead
		case a.id == largeAccount && n == 1:
			body = paragraphs(g, hugeNote) + canaryDeepNote
		default:
			body = paragraphs(g, size)
		}
		if chance(g, 20) {
			title = ""
		}
		r.int(a.id)
		r.int(id)
		r.int(a.user(g))
		if about == 0 {
			r.null()
		} else {
			r.int(about)
		}
		r.optional(title)
		r.text(body)
		r.time(p.since(g, *a))
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writeTicket(p *plan, a *account, r *rows) error {
	g := p.rng("ticket", a.id)
	who := p.person(p.leads() + a.id)
	if a.id == largeAccount {
		who = person{name: canaryTicketName, email: canaryLeadEmail}
	}
	r.int(a.id)
	if a.id > twinAccount && chance(g, 15) {
		r.null()
	} else {
		r.int(a.id)
	}
	r.text(strings.ToUpper(who.email))
	r.text(who.name)
	r.text(sentence(g, 7))
	r.text(pick(g, []string{"open", "waiting for customer", "closed", "closed"}))
	r.json(map[string]any{"agent": p.agent(g), "ip": address(g)})
	r.time(p.since(g, *a))
	return r.end()
}

func writeMessages(p *plan, a *account, r *rows) error {
	g := p.rng("messages", a.id)
	at := p.since(g, *a)
	for n := range messagesPerTicket {
		body := paragraphs(g, 80+g.IntN(900))
		if a.id == largeAccount && n == 0 {
			body += canaryMessage
		}
		r.int(a.id)
		r.int(int64(n + 1))
		r.text(p.person(p.leads() + a.id).name)
		r.text(body)
		at = at.Add(time.Duration(1+g.IntN(4000)) * time.Minute)
		r.time(at)
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}
