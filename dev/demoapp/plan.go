//nolint:mnd,goconst,gosec // an invented world is made of arbitrary numbers and words; it must be the same each time
package demoapp

import (
	"hash/fnv"
	"math/rand/v2"
	"time"
)

const (
	day = 24 * time.Hour
	// displayMonths is how many whole months of displays come before the month in which the world stops.
	displayMonths = 12
	// largeAccount holds the canaries and an eighth of everything that is collected: each product has one.
	largeAccount = 1
	// twinAccount holds the same people as the canary lead, as another customer's.
	twinAccount = 2
	// displaysPerLead is the inverse of the conversion rate.
	displaysPerLead = 20
	minLeads        = 4
)

// account is what the other tables must know of a company. The plan holds all accounts in memory, some hundred bytes
// each; nothing in it grows with the number of displays.
type account struct {
	id                                  int64
	users, sites, campaigns             int64
	firstUser, firstSite, firstCampaign int64
	created, lastSeen                   time.Time
	tier                                string
	country                             country
}

func (a account) owner() int64 { return a.firstUser }

// user picks one of the account's users.
func (a account) user(r *rand.Rand) int64 { return a.firstUser + r.Int64N(a.users) }

// campaign picks one of the account's campaigns.
func (a account) campaign(r *rand.Rand) int64 { return a.firstCampaign + r.Int64N(a.campaigns) }

// siteOf returns the site that a campaign of this account runs on.
func (a account) siteOf(campaign int64) int64 {
	return a.firstSite + (campaign-a.firstCampaign)%a.sites
}

// plan is the skeleton of one world: who exists, with which ids. Everything else is made from it row by row.
type plan struct {
	size     Size
	asOf     time.Time
	accounts []account
}

func newPlan(size Size) *plan {
	p := &plan{size: size, asOf: size.asOf(), accounts: make([]account, size.Accounts)}
	user, site, campaign := int64(1), int64(1), int64(1)
	for i := range p.accounts {
		a := p.newAccount(int64(i + 1))
		a.firstUser, a.firstSite, a.firstCampaign = user, site, campaign
		user, site, campaign = user+a.users, site+a.sites, campaign+a.campaigns
		p.accounts[i] = a
	}
	return p
}

func (p *plan) newAccount(id int64) account {
	r := p.rng("account", id)
	a := account{
		id: id, users: 1 + r.Int64N(7), sites: 1 + r.Int64N(3), campaigns: 2 + r.Int64N(9),
		tier: pick(r, tiers), country: pick(r, countries),
	}
	if id == largeAccount {
		a.users, a.sites, a.campaigns, a.tier = 40, 6, 60, "enterprise"
	}
	a.created = p.asOf.Add(-time.Duration(700+r.IntN(1100)) * day).Add(-p.moment(r))
	a.lastSeen = p.asOf.Add(-p.moment(r) * time.Duration(1+r.IntN(20)))
	// One account in twelve has been silent for long: some of them for more than two years.
	if id > twinAccount && r.IntN(12) == 0 {
		a.created = a.created.Add(-1200 * day)
		a.lastSeen = p.asOf.Add(-time.Duration(500+r.IntN(500)) * day)
		a.tier = "free"
	}
	return a
}

// rng is the source of one item: it depends on seed, kind and number only, so any row can be made alone.
func (p *plan) rng(kind string, number int64) *rand.Rand {
	h := fnv.New64a()
	// A hash takes every byte: its Write is documented never to return an error.
	_, _ = h.Write([]byte(kind))
	return rand.New(rand.NewPCG(p.size.Seed^h.Sum64(), uint64(number)))
}

// moment is a time within a day, to the microsecond.
func (p *plan) moment(r *rand.Rand) time.Duration {
	return time.Duration(r.Int64N(int64(day/time.Microsecond))) * time.Microsecond
}

// before is an instant in the given number of days before the world stops.
func (p *plan) before(r *rand.Rand, days int) time.Time {
	return p.asOf.Add(-time.Duration(r.IntN(days)) * day).Add(-p.moment(r))
}

// since is an instant between the account's beginning and its last sign of life.
func (p *plan) since(r *rand.Rand, a account) time.Time {
	span := a.lastSeen.Sub(a.created)
	return a.created.Add(time.Duration(r.Int64N(int64(span/time.Microsecond))) * time.Microsecond)
}

// pick chooses an account for something collected: the large one often, others the more often the older they are.
func (p *plan) pick(r *rand.Rand) *account {
	const largeShare = 8
	if r.IntN(largeShare) == 0 {
		return &p.accounts[0]
	}
	f := r.Float64()
	return &p.accounts[int(f*f*float64(len(p.accounts)))]
}

// firstMonth is the first of the month in which displays begin.
func (p *plan) firstMonth() time.Time {
	return time.Date(p.asOf.Year(), p.asOf.Month()-displayMonths, 1, 0, 0, 0, 0, time.UTC)
}

func (p *plan) leads() int64 { return int64(max(minLeads, p.size.Displays/displaysPerLead)) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func chance(r *rand.Rand, percent int) bool { return r.IntN(100) < percent }
