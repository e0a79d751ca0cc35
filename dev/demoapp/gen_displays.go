//nolint:mnd,gosec // an invented world is made of arbitrary numbers and words; conversions mix bits on purpose
package demoapp

import (
	"math/rand/v2"
	"strconv"
	"time"
)

// olderShare is the inverse of the share of displays from before the first monthly partition: an import of old rows,
// which the default partition takes.
const olderShare = 500

// olderSpan is how far before the first month they reach.
const olderSpan = 60 * day

// orphanDisplays is what the foreign key of the displays forbids, asked once for all of them.
const orphanDisplays = `SELECT count(*) FROM app.displays d WHERE NOT EXISTS (SELECT FROM app.variants v
	WHERE (v.company_id, v.campaign_id, v.letter) = (d.company_id, d.campaign_id, d.variant))`

// The parts of the displays: one of older rows, then one for each month, so that no single COPY grows with the year.
func displayParts(*plan) int { return 1 + displayMonths + 1 }

// displaySpan is what one part holds: the half-open range of display numbers, counted from 0, and their time.
type displaySpan struct {
	from, to   int64
	start, end time.Time
}

func (p *plan) displayPart(part int) displaySpan {
	all, months := int64(p.size.Displays), int64(displayMonths+1)
	older := all / olderShare
	if part == 0 {
		return displaySpan{0, older, p.firstMonth().Add(-olderSpan), p.firstMonth()}
	}
	month := int64(part - 1)
	start := p.firstMonth().AddDate(0, part-1, 0)
	end := start.AddDate(0, 1, 0)
	if end.After(p.asOf) {
		end = p.asOf
	}
	return displaySpan{older + (all-older)*month/months, older + (all-older)*(month+1)/months, start, end}
}

// displayMaker holds what the rows of one part share, so that a row costs no more than its bytes.
type displayMaker struct {
	*plan

	g      *rand.Rand
	agents []string
	sites  map[int64]string
}

func writeDisplays(p *plan, part int, r *rows) error {
	span := p.displayPart(part)
	maker := displayMaker{p, p.rng("displays", int64(part)), p.agents(), map[int64]string{}}
	step := float64(span.end.Sub(span.start)) / float64(max(1, span.to-span.from))
	for n := span.from; n < span.to; n++ {
		at := span.start.Add(time.Duration((float64(n-span.from) + maker.g.Float64()) * step)).Truncate(time.Microsecond)
		maker.write(r, n+1, at)
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func (m *displayMaker) write(r *rows, id int64, at time.Time) {
	g, a := m.g, m.pick(m.g)
	canary := id == int64(m.size.Displays)
	if canary {
		a = &m.accounts[0]
	}
	campaign := a.campaign(g)
	visitor, ip, agent, page := m.visitor(g), address(g), pick(g, m.agents), m.page(a.siteOf(campaign))
	if canary {
		visitor, ip, agent, page = canaryVisitor, canaryDisplayIP, canaryDisplayAgent, canaryPage
	}
	r.int(a.id)
	r.int(id)
	r.int(campaign)
	r.plain(letters[g.IntN(len(letters)):][:1])
	r.time(at)
	r.plain(visitor)
	r.plain(ip)
	r.text(agent)
	r.text(page)
	r.optional(pick(g, referrers))
	r.plain(pick(g, devices))
	r.plain(pick(g, countries).code)
	r.plain(strconv.Itoa(g.IntN(90_000)) + " milliseconds")
	r.bool(g.IntN(displaysPerLead) == 0)
	if chance(g, 80) {
		r.plain(`{"scroll": ` + strconv.Itoa(g.IntN(100)) + `, "click": "` + strconv.FormatUint(g.Uint64(), 36) +
			strconv.FormatUint(g.Uint64(), 36) + `", "utm": {"source": "newsletter", "campaign": "` + pick(g, topics) + `"}}`)
	} else {
		r.null()
	}
}

// visitor returns one of a quarter as many visitors as there are displays: most come back.
func (m *displayMaker) visitor(g *rand.Rand) string {
	const displaysPerVisitor, mix = 4, 0x9e37_79b9_7f4a_7c15
	n := g.Uint64N(uint64(m.size.Displays)/displaysPerVisitor + 1)
	return formatUUID((n+1)*mix^m.size.Seed, (n+7)*mix*mix)
}

// page is an address on a site; a visitor who came through an advertisement brings its click along.
func (m *displayMaker) page(site int64) string {
	url, known := m.sites[site]
	if !known {
		url = "https://" + siteDomain(site)
		m.sites[site] = url
	}
	url += pick(m.g, pages)
	if chance(m.g, 40) {
		url += "#click=" + strconv.FormatUint(m.g.Uint64(), 36) + strconv.FormatUint(m.g.Uint64(), 36)
	}
	return url
}
