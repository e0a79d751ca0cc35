//nolint:mnd,goconst // an invented world is made of arbitrary numbers and words; names would not explain them
package demoapp

import (
	"fmt"
	"time"
)

// letters are the variants that every campaign has.
const letters = "AB"

func campaignTables() []table {
	return []table{
		{name: "app.sites", columns: []string{
			"company_id", "id", "domain", "snippet_id", "allowed_origins", "verified_at",
		}, write: eachAccount(writeSites)},
		{name: "app.campaigns", columns: []string{
			"company_id", "id", "site_id", "copied_from", "created_by", "name", "status", "runs", "budget", "design",
			"created_at", "updated_at",
		}, write: eachAccount(writeCampaigns)},
		{name: "app.variants", columns: []string{
			"company_id", "campaign_id", "letter", "headline", "html", "weight",
		}, write: eachAccount(writeVariants)},
		{name: "app.targeting_rules", columns: []string{
			"company_id", "campaign_id", "position", "pages", "countries", "hours", "delay", "devices", "matrix", "conditions",
		}, write: eachAccount(writeRules)},
		{name: `app."Campaign Tags"`, columns: []string{
			"companyId", "campaignId", "Tag", "Added at",
		}, write: eachAccount(writeTags)},
	}
}

func siteDomain(site int64) string {
	if site == 1 {
		return canaryDomain
	}
	return fmt.Sprintf("shop-%d.test", site)
}

func writeSites(p *plan, a *account, r *rows) error {
	for id := a.firstSite; id < a.firstSite+a.sites; id++ {
		g := p.rng("site", id)
		r.int(a.id)
		r.int(id)
		r.text(siteDomain(id))
		r.plain(uuid(g))
		r.array("https://"+siteDomain(id), "https://www."+siteDomain(id))
		if chance(g, 85) {
			r.time(p.since(g, *a))
		} else {
			r.null()
		}
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writeCampaigns(p *plan, a *account, r *rows) error {
	statuses := []string{"draft", "running", "running", "paused", "ended"}
	for id := a.firstCampaign; id < a.firstCampaign+a.campaigns; id++ {
		g := p.rng("campaign", id)
		created := p.since(g, *a)
		r.int(a.id)
		r.int(id)
		r.int(a.siteOf(id))
		if id > a.firstCampaign && chance(g, 30) {
			r.int(a.firstCampaign + g.Int64N(id-a.firstCampaign))
		} else {
			r.null()
		}
		r.int(a.user(g))
		r.text(fmt.Sprintf("%s: %s", pick(g, tagWords), sentence(g, 3)))
		r.plain(pick(g, statuses))
		r.plain(fmt.Sprintf("[%s,%s)", created.Format(time.RFC3339), created.Add(60*day).Format(time.RFC3339)))
		r.cents(g.Int64N(5_000_000))
		r.json(map[string]any{
			"layout": pick(g, []string{"center", "corner", "bar"}), "colors": []int{g.IntN(256), g.IntN(256), g.IntN(256)},
			"fields": []string{"email", "full_name", pick(g, topics)}, "css": ".p{padding:8px}\n.b\\:hover{color:#fff}",
		})
		r.time(created)
		r.time(created)
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writeVariants(p *plan, a *account, r *rows) error {
	for id := a.firstCampaign; id < a.firstCampaign+a.campaigns; id++ {
		g := p.rng("variant", id)
		for _, letter := range letters {
			headline := sentence(g, 6)
			if id == 1 && letter == 'A' {
				headline = canaryHeadline
			}
			r.int(a.id)
			r.int(id)
			r.plain(string(letter))
			r.text(headline)
			r.text("<div class=\"popup\">\n\t<h1>" + sentence(g, 6) + "</h1>\n\t<p>" + paragraphs(g, 400) + "</p>\n</div>")
			r.plain("50.00")
			if err := r.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeRules(p *plan, a *account, r *rows) error {
	for id := a.firstCampaign; id < a.firstCampaign+a.campaigns; id++ {
		g := p.rng("rule", id)
		r.int(a.id)
		r.int(id)
		r.int(1)
		r.array(pick(g, pages), "/l\\anding/*", `/"quoted", {braces}`)
		if chance(g, 40) {
			r.array(pick(g, countries).code, pick(g, countries).code)
		} else {
			r.null()
		}
		r.plain(fmt.Sprintf("[%d,%d)", g.IntN(9), 10+g.IntN(14)))
		r.plain(fmt.Sprintf("%d seconds", g.IntN(60)))
		r.array("phone", "desktop")
		r.plain(fmt.Sprintf("{{%d,2},{3,%d}}", g.IntN(9), g.IntN(9)))
		r.json(map[string]any{"all": []any{
			map[string]any{"visits": map[string]any{">=": g.IntN(5)}}, map[string]any{"utm": pick(g, topics)},
		}})
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writeTags(p *plan, a *account, r *rows) error {
	for id := a.firstCampaign; id < a.firstCampaign+a.campaigns; id++ {
		g := p.rng("tag", id)
		tag := pick(g, tagWords)
		if id == 1 {
			tag = canaryTag
		}
		r.int(a.id)
		r.int(id)
		r.text(tag)
		r.time(p.since(g, *a))
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}
