//nolint:mnd,goconst // an invented world is made of arbitrary numbers and words; names would not explain them
package demoapp

import (
	"fmt"
	"strconv"
	"time"
)

const invoicesPerAccount = 12

func billingTables() []table {
	return []table{
		{name: "billing.profiles", columns: []string{
			"company_id", "legal_name", "contact_name", "email", "phone", "address", "vat_number", "card_holder",
			"card_last4", "updated_at",
		}, write: eachAccount(writeProfile)},
		{name: "billing.subscriptions", columns: []string{
			"company_id", "id", "tier", "price", "currency", "active", "cycle", "paid_until",
		}, write: eachAccount(writeSubscription)},
		{name: "billing.invoices", columns: []string{
			"company_id", "number", "subscription_id", "issued_on", "due_on", "status", "currency", "bill_to",
		}, write: eachAccount(writeInvoices)},
		{name: "billing.invoice_lines", columns: []string{
			"company_id", "invoice_number", "position", "description", "quantity", "unit_price",
		}, write: eachAccount(writeInvoiceLines)},
		{name: "billing.payments", columns: []string{
			"id", "company_id", "invoice_number", "amount", "paid_at", "card_holder", "payer_ip", "provider",
		}, write: eachAccount(writePayments)},
	}
}

// billingEmail is that of who pays.
func billingEmail(a *account) string {
	if a.id == largeAccount {
		return canaryBillingEmail
	}
	return fmt.Sprintf("billing%d@example.net", a.id)
}

func writeProfile(p *plan, a *account, r *rows) error {
	g := p.rng("profile", a.id)
	who := p.person(-a.firstUser)
	legal := fmt.Sprintf("%s %s Holding %d", pick(g, companyWords), pick(g, companyKinds), a.id)
	email, vat := billingEmail(a), a.country.code+strconv.Itoa(100_000_000+g.IntN(900_000_000))
	street, holder := fmt.Sprintf("%d %s Street", 1+g.IntN(200), pick(g, companyWords)), who.name
	if a.id == largeAccount {
		legal, vat = canaryLegalName, canaryVAT
		street, holder = canaryStreet, canaryCardHolder
	}
	if a.tier == "free" {
		vat, holder = "", ""
	}
	r.int(a.id)
	r.text(legal)
	r.text(who.name)
	r.text(email)
	r.text(who.phone)
	r.array(street, fmt.Sprintf("%05d Example \"Old\" Town", g.IntN(99_999)), a.country.code)
	r.optional(vat)
	r.optional(holder)
	if holder == "" {
		r.null()
	} else {
		r.plain(fmt.Sprintf("%04d", g.IntN(10_000)))
	}
	r.time(p.since(g, *a))
	return r.end()
}

// subscribed tells whether the account pays, or paid once: a third of the free ones did.
func subscribed(a *account) bool { return a.tier != "free" || a.id%3 == 0 }

// paidUntil is in the future for who pays, and soon after the last sign of life for who stopped.
func paidUntil(p *plan, a *account) time.Time {
	if a.tier == "free" {
		return a.lastSeen.AddDate(0, 1, 0)
	}
	return p.asOf.Add(time.Duration(1+a.id%29) * day)
}

func monthlyPrice(a *account) int64 {
	return map[string]int64{"free": 1900, "growth": 4900, "scale": 14900, "enterprise": 99_000}[a.tier]
}

func writeSubscription(p *plan, a *account, r *rows) error {
	if !subscribed(a) {
		return nil
	}
	tier, upper := a.tier, ""
	if tier == "free" {
		tier, upper = "growth", paidUntil(p, a).Format(time.RFC3339)
	}
	r.int(a.id)
	r.int(a.id)
	r.plain(tier)
	r.cents(monthlyPrice(a))
	r.plain(a.country.currency)
	r.plain("[" + a.created.Format(time.RFC3339) + "," + upper + ")")
	r.plain("1 mon")
	r.time(paidUntil(p, a))
	return r.end()
}

type invoice struct {
	number string
	issued time.Time
	lines  int
	paid   bool
}

// invoices are the same for lines and payments as for the invoices themselves: they depend on the account only.
func (p *plan) invoices(a *account) []invoice {
	if !subscribed(a) {
		return nil
	}
	g := p.rng("invoices", a.id)
	var all []invoice
	for n := invoicesPerAccount; n > 0; n-- {
		issued := paidUntil(p, a).AddDate(0, -n, 0)
		if issued.Before(a.created) {
			continue
		}
		all = append(all, invoice{
			number: fmt.Sprintf("%04d-%06d", issued.Year(), a.id*invoicesPerAccount+int64(n)),
			issued: issued, lines: 1 + g.IntN(3), paid: len(all) == 0 || chance(g, 95),
		})
	}
	return all
}

func writeInvoices(p *plan, a *account, r *rows) error {
	who := p.person(-a.firstUser)
	for i, v := range p.invoices(a) {
		status, name := "open", who.name
		if v.paid {
			status = "paid"
		}
		if a.id == largeAccount && i == 0 {
			name = canaryBillTo
		}
		r.int(a.id)
		r.plain(v.number)
		r.int(a.id)
		r.date(v.issued)
		r.date(v.issued.Add(14 * day))
		r.plain(status)
		r.plain(a.country.currency)
		r.json(map[string]any{"name": name, "country": a.country.code, "lines": []string{"c/o " + who.name, "2. OG / étage"}})
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}

func writeInvoiceLines(p *plan, a *account, r *rows) error {
	descriptions := []string{"Subscription", "Extra displays, per 1,000", "Setup by our team (hours)"}
	for _, v := range p.invoices(a) {
		for n := range v.lines {
			quantity, price := "1", fmt.Sprintf("%d.00", monthlyPrice(a)/100)
			if n > 0 {
				quantity, price = fmt.Sprintf("%d.5", 3*n), "12.3450"
			}
			r.int(a.id)
			r.plain(v.number)
			r.int(int64(n + 1))
			r.text(descriptions[n])
			r.plain(quantity)
			r.plain(price)
			if err := r.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

func writePayments(p *plan, a *account, r *rows) error {
	g, who := p.rng("payments", a.id), p.person(-a.firstUser)
	for i, v := range p.invoices(a) {
		if !v.paid {
			continue
		}
		holder, ip := who.name, address(g)
		if a.id == largeAccount && i == 0 {
			holder, ip = canaryPayer, canaryPayerIP
		}
		r.plain(uuid(g))
		r.int(a.id)
		r.plain(v.number)
		r.cents(monthlyPrice(a))
		r.time(v.issued.Add(time.Duration(g.IntN(72)) * time.Hour))
		r.text(holder)
		r.plain(ip)
		r.json(map[string]any{
			"charge": fmt.Sprintf("ch_%016x", g.Uint64()), "network": "test", "attempts": 1 + g.IntN(2), "receipt_email": billingEmail(a),
		})
		if err := r.end(); err != nil {
			return err
		}
	}
	return nil
}
