//nolint:goconst // names of tables and columns read best where they stand
package demoapp

// Canary is a string of invented personal data that is planted in one place and must never appear anywhere else: not in
// a history, a log line, a metric, a span or a ledger entry.
type Canary struct {
	// Value is the distinct string.
	Value string
	// Table is where it is planted, as SQL names it; Column likewise. For a large object the table is
	// pg_largeobject.
	Table, Column string
	// Account is the company whose data it is; 0 for what belongs to no account.
	Account int64
}

// The canaries. Each is in one table, except the lead's e-mail, which is in the leads of two accounts (another subject
// each), in an event's JSON and in a support ticket, the owner's, which is in the audit trail as well,
// and that of billing, which is in payments.
const (
	canaryCompany      = "Canary Wharfinger & Töchter 7Q2X"
	canaryUserEmail    = "Canary.Owner.9f41@example.com"
	canaryUserName     = "Ottoline Canaryhouse-Ñ 5d20"
	canaryUserPhone    = "+44 20 7946 0977"
	canaryUserIP       = "203.0.113.213"
	canaryUserAgent    = "CanaryBrowser/77.13 (Wayback; UserAgent 8c1e)"
	canaryPreference   = "canary-pref-likes-tangerines-31ab"
	canarySessionIP    = "2001:db8:cafe:77::d00d"
	canarySessionAgent = "CanarySession/3.1 (b72d)"
	canaryKeyLabel     = "canary key of Ottoline a9c3"
	canaryAuditDetail  = "canary-audit-old-address-6e58"
	canarySubscriber   = "canary.newsletter.2b6f@example.org"
	canaryLegalName    = "Canary Holding Legal Entity e07b"
	canaryBillingEmail = "canary.billing.c5d8@example.net"
	canaryStreet       = "77 Canary Row, Flat 4e19"
	canaryVAT          = "XX-CANARY-0077-4417"
	canaryCardHolder   = "O. CANARYHOUSE CARD 1f3d"
	canaryBillTo       = "canary bill-to Ottoline 92ce"
	canaryPayer        = "CANARY PAYER 60aa"
	canaryPayerIP      = "203.0.113.177"
	canaryDomain       = "canary-shop-5b90.test"
	canaryTag          = "Canary Tag Ottoline d41c"
	canaryHeadline     = "Canary headline signed Ottoline 3e77"
	canaryVisitor      = "ca7a11e5-0077-4bad-8bad-0ca7a11e5077"
	canaryDisplayIP    = "203.0.113.99"
	canaryDisplayAgent = "CanaryDisplay/1.0 (f8a4)"
	canaryPage         = "https://shop.test/checkout?customer=canary-visitor-8d02"
	canaryLeadEmail    = "canary.lead.44b7@mail.test"
	canaryLeadName     = "Leopold Canarylead 0c95"
	canaryLeadPhone    = "+1 202 555 0177"
	canaryLeadField    = "canary-allergic-to-walnuts-70f2"
	canaryTwinName     = "Leopold Canarytwin 2d61"
	canaryEvent        = "canary event subject for Leopold b3e6"
	canaryPresenceIP   = "203.0.113.55"
	canaryFileName     = "canary passport scan 19f0.txt"
	canaryFileContent  = "CANARY-FILE-CONTENT passport C4N4RY77 55ab"
	canaryObjectName   = "canary-contract-81cd.pdf"
	canaryObject       = "CANARY-GCS-OBJECT signed by Ottoline 27e4"
	canaryLargeObject  = "CANARY-LARGE-OBJECT salary list 6a3f"
	canaryNote         = "canary note: Leopold asked for a divorce discount d8b1"
	canaryDeepNote     = "canary far behind a megabyte of text 4f0e"
	canaryTicketName   = "Leopold C. Ticketcanary 93da"
	canaryMessage      = "canary message: my new address is 12 Walnut Lane e2c7"
)

// Canaries returns the values of PlantedCanaries.
func Canaries() []string {
	planted := PlantedCanaries()
	values := make([]string, len(planted))
	for i, c := range planted {
		values[i] = c.Value
	}
	return values
}

// PlantedCanaries returns every canary with the place it was planted first. All are distinct, and none is part of
// another.
func PlantedCanaries() []Canary {
	mine := func(table, column, value string) Canary { return Canary{value, table, column, largeAccount} }
	return []Canary{
		mine("app.companies", "name", canaryCompany),
		mine("app.users", "email", canaryUserEmail), mine("app.users", "displayName", canaryUserName),
		mine("app.users", "phone", canaryUserPhone), mine("app.users", "last_login_ip", canaryUserIP),
		mine("app.users", "user_agent", canaryUserAgent), mine("app.users", "preferences", canaryPreference),
		mine("app.sessions", "ip", canarySessionIP), mine("app.sessions", "user_agent", canarySessionAgent),
		mine("app.api_keys", "label", canaryKeyLabel), mine("app.audit_trail", "details", canaryAuditDetail),
		{canarySubscriber, "public.newsletter_subscribers", "email", 0},
		mine("billing.profiles", "legal_name", canaryLegalName), mine("billing.profiles", "email", canaryBillingEmail),
		mine("billing.profiles", "address", canaryStreet), mine("billing.profiles", "vat_number", canaryVAT),
		mine("billing.profiles", "card_holder", canaryCardHolder), mine("billing.invoices", "bill_to", canaryBillTo),
		mine("billing.payments", "card_holder", canaryPayer), mine("billing.payments", "payer_ip", canaryPayerIP),
		mine("app.sites", "domain", canaryDomain), mine(`app."Campaign Tags"`, "Tag", canaryTag),
		mine("app.variants", "headline", canaryHeadline),
		mine("app.displays", "visitor_id", canaryVisitor), mine("app.displays", "ip", canaryDisplayIP),
		mine("app.displays", "user_agent", canaryDisplayAgent), mine("app.displays", "page_url", canaryPage),
		mine("app.leads", "email", canaryLeadEmail), mine("app.leads", "full_name", canaryLeadName),
		mine("app.leads", "phone", canaryLeadPhone), mine("app.leads", "custom_fields", canaryLeadField),
		{canaryTwinName, "app.leads", "full_name", twinAccount},
		mine("app.lead_events", "payload", canaryEvent), mine("app.visitor_presence", "ip", canaryPresenceIP),
		mine("app.files", "name", canaryFileName), mine("app.files", "content", canaryFileContent),
		mine("app.files", "name", canaryObjectName), mine("pg_largeobject", "data", canaryLargeObject),
		mine("app.notes", "body", canaryNote), mine("app.notes", "body", canaryDeepNote),
		mine("app.support_tickets", "requester_name", canaryTicketName),
		mine("app.support_messages", "body", canaryMessage),
	}
}
