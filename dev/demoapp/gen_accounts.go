//nolint:mnd,goconst // an invented world is made of arbitrary numbers and words; names would not explain them
package demoapp

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	sessionsPerUser  = 2
	auditPerAccount  = 12
	newsletterFactor = 2
)

func accountTables() []table {
	return []table{
		{name: "app.companies", columns: []string{
			"id", "public_id", "name", "owner_user_id", "tier", "country", "timezone", "features", "settings", "trial",
			"discount", "created_at", "updated_at", "last_interaction_at", "closed_at",
		}, write: eachAccount(writeCompany)},
		{name: "app.users", columns: []string{
			"company_id", "id", "email", "displayName", "phone", "invited_by", "password_hash", "preferences",
			"last_login_at", "last_login_ip", "user_agent", "created_at",
		}, write: eachAccount(writeUsers)},
		{name: "app.sessions", columns: []string{
			"id", "company_id", "user_id", "token_hash", "ip", "user_agent", "started_at", "idle_timeout", "ended_at",
		}, write: eachAccount(writeSessions)},
		{name: "app.api_keys", columns: []string{
			"id", "company_id", "created_by", "label", "key_hash", "scopes", "last_used_ip", "revoked_at", "created_at",
		}, write: eachAccount(writeAPIKey)},
		{name: "app.audit_trail", columns: []string{
			"id", "company_id", "actor_email", "action", "details", "ip", "user_agent", "at",
		}, write: eachAccount(writeAudit)},
		{name: "public.newsletter_subscribers", columns: []string{
			"id", "email", "full_name", "signup_ip", "confirmed", "created_at",
		}, write: writeNewsletter},
	}
}

// eachAccount turns the writer of one account's rows into the writer of a table.
func eachAccount(write func(*plan, *account, *rows) error) func(*plan, int, *rows) error {
	return func(p *plan, _ int, r *rows) error {
		for i := range p.accounts {
			if err := write(p, &p.accounts[i], r); err != nil {
				return err
			}
		}
		return nil
	}
}

func writeCompany(p *plan, a *account, r *rows) error {
	g := p.rng("company", a.id)
	name := fmt.Sprintf("%s %s %d", pick(g, companyWords), pick(g, companyKinds), a.id)
	if a.id == largeAccount {
		name = canaryCompany
	}
	r.int(a.id)
	r.plain(uuid(g))
	r.text(name)
	r.int(a.owner())
	r.plain(a.tier)
	r.plain(a.country.code)
	r.plain(a.country.zone)
	r.array(pick(g, tagWords), "beta:"+pick(g, topics))
	r.json(map[string]any{"brand": map[string]any{"color": fmt.Sprintf("#%06x", g.IntN(1<<24)), "font": "Inter"}, "digest": chance(g, 50)})
	r.plain(fmt.Sprintf("[%s,%s)", a.created.Format(time.DateOnly), a.created.Add(14*day).Format(time.DateOnly)))
	if chance(g, 20) {
		r.cents(g.Int64N(4000))
	} else {
		r.null()
	}
	r.time(a.created)
	r.time(a.lastSeen)
	r.time(a.lastSeen)
	if a.id > twinAccount && chance(g, 2) {
		r.time(a.lastSeen)
	} else {
		r.null()
	}
	return r.end()
}

// userEmail is unique: it holds the user's number.
func userEmail(id int64) string {
	if id == 1 {
		return canaryUserEmail
	}
	return fmt.Sprintf("user%d@team%d.example.com", id, id%97)
}

func writeUsers(p *plan, a *account, r *rows) error {
	for id := a.firstUser; id < a.firstUser+a.users; id++ {
		g := p.rng("user", id)
		who, ip, agent := p.person(-id), address(g), p.agent(g)
		preferences := map[string]any{"theme": "dark", "columns": []string{"name", "rate"}, "note": sentence(g, 4)}
		if id == 1 {
			who = person{name: canaryUserName, phone: canaryUserPhone}
			ip, agent, preferences["note"] = canaryUserIP, canaryUserAgent, canaryPreference
		}
		r.int(a.id)
		r.int(id)
		r.text(userEmail(id))
		r.text(who.name)
		r.optional(who.phone)
		if id == a.firstUser {
			r.null()
		} else {
			r.int(a.firstUser + g.Int64N(id-a.firstUser))
		}
		r.plain("$argon2id$v=19$m=65536,t=3,p=4$" + base64.RawStdEncoding.EncodeToString(digest(g)))
		r.json(preferences)
		if id != 1 && chance(g, 10) {
			r.null()
			r.null()
			r.null()
		} else {
			r.time(p.since(g, *a))
			r.plain(ip)
			r.text(agent)
		}
		r.time(a.created.Add(time.Duration(g.IntN(400)) * time.Hour))
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

// digest is a SHA-256 as keys and tokens leave it: it belongs to nothing.
func digest(g *rand.Rand) []byte {
	var secret [8]byte
	binary.BigEndian.PutUint64(secret[:], g.Uint64())
	sum := sha256.Sum256(secret[:])
	return sum[:]
}

func writeSessions(p *plan, a *account, r *rows) error {
	for user := a.firstUser; user < a.firstUser+a.users; user++ {
		g := p.rng("session", user)
		for n := range sessionsPerUser {
			ip, agent := address(g), p.agent(g)
			if user == 1 && n == 0 {
				ip, agent = canarySessionIP, canarySessionAgent
			}
			started := p.since(g, *a)
			r.plain(uuid(g))
			r.int(a.id)
			r.int(user)
			r.bytes(digest(g))
			r.plain(ip)
			r.text(agent)
			r.time(started)
			r.plain(pick(g, []string{"30 minutes", "8 hours", "14 days"}))
			if chance(g, 70) {
				r.time(started.Add(time.Duration(g.IntN(9000)) * time.Second))
			} else {
				r.null()
			}
			if err := r.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeAPIKey(p *plan, a *account, r *rows) error {
	g := p.rng("api key", a.id)
	label := "key for " + pick(g, topics)
	if a.id == largeAccount {
		label = canaryKeyLabel
	}
	r.int(a.id)
	r.int(a.id)
	r.int(a.user(g))
	r.text(label)
	r.bytes(digest(g))
	r.array(pick(g, scopes), "account:read")
	r.plain(address(g))
	created := p.since(g, *a)
	if chance(g, 25) {
		r.time(created.Add(90 * day))
	} else {
		r.null()
	}
	r.time(created)
	return r.end()
}

func writeAudit(p *plan, a *account, r *rows) error {
	g := p.rng("audit", a.id)
	actions := []string{"signed in", "campaign.published", "leads.exported", "user.invited", "settings.changed"}
	for n := range int64(auditPerAccount) {
		user := a.user(g)
		details := map[string]any{"user": user, "reason": sentence(g, 5)}
		if a.id == largeAccount && n == 0 {
			user, details["old_address"] = a.owner(), canaryAuditDetail
		}
		r.int((a.id-1)*auditPerAccount + n + 1)
		r.int(a.id)
		r.text(userEmail(user))
		r.text(pick(g, actions))
		r.json(details)
		r.plain(address(g))
		r.text(p.agent(g))
		r.time(p.since(g, *a))
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writeNewsletter(p *plan, _ int, r *rows) error {
	for id := range int64(len(p.accounts) * newsletterFactor) {
		g, who := p.rng("newsletter", id), p.person(id)
		if id == 0 {
			who.email = canarySubscriber
		}
		r.int(id + 1)
		r.text(who.email)
		r.optional(who.name)
		r.plain(address(g))
		r.bool(chance(g, 80))
		r.time(p.before(g, 900))
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}
