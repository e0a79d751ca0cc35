package demoapp_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"steward/internal/datamap"
	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/storetest"
)

// decided is the demo app's own data map.
func decided(t *testing.T) datamap.Database {
	t.Helper()

	read, err := datamap.Load("../../datamap.yaml")
	if err != nil {
		t.Fatal(err)
	}

	return *read.Database("app")
}

// opened gives the database as what Steward works with.
func opened(t *testing.T, url string) *postgres.DB {
	t.Helper()

	db, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(db.Close)

	return db
}

// erase takes a subject through all that a store does.
func erase(t *testing.T, of *appdb.Store, subject store.Subject) (store.Outcome, *storetest.Memory) {
	t.Helper()

	frozen := &storetest.Memory{}
	if err := of.Freeze(t.Context(), subject, frozen); err != nil {
		t.Fatal(err)
	}

	outcome, err := of.Erase(t.Context(), subject, frozen, nil)
	if err != nil {
		t.Fatal(err)
	}

	left, err := of.Verify(t.Context(), subject, frozen)
	if err != nil || len(left) > 0 {
		t.Fatal("left:", left, err)
	}

	return outcome, frozen
}

// plannedRows is how many rows are to go.
func plannedRows(t *testing.T, of *appdb.Store, subject store.Subject) (planned int64) {
	t.Helper()

	steps, err := of.Plan(t.Context(), subject)
	if err != nil {
		t.Fatal(err)
	}

	for _, step := range steps {
		if step.Action == plan.DeleteRows {
			planned += step.Rows
		}
	}

	return planned
}

// An account goes, with all that says who it was; what others have is as it was.
func TestErasingAnAccount(t *testing.T) {
	t.Parallel()

	url := filled(t, small)
	conn := open(t, url)
	of := appdb.New(opened(t, url), decided(t), appdb.Options{PseudonymKey: bytes.Repeat([]byte{7}, 32)})
	subject := store.Subject{Erasure: "era_test", Kind: plan.Account, Account: "1"}

	before, had, planned := others(t, conn, "1"), left(t, conn, "1"), plannedRows(t, of, subject)
	canaries := canariesOf(t, url)

	outcome, _ := erase(t, of, subject)
	if outcome.Kind != store.Erased || outcome.Count != planned || planned < 500 {
		t.Errorf("%+v, planned %d", outcome, planned)
	}

	if diff := cmp.Diff(before, others(t, conn, "1")); diff != "" {
		t.Error("other accounts' rows changed:", diff)
	}

	if rows := left(t, conn, "1"); rows != 0 || had < 500 {
		t.Errorf("%d of %d rows are left", rows, had)
	}

	if objects := query[int64](t, conn, `SELECT count(*) FROM pg_largeobject_metadata o
		WHERE NOT EXISTS (SELECT FROM app.files WHERE large_object = o.oid)`); objects != 0 {
		t.Errorf("%d large objects are left", objects)
	}

	if found := inDump(t, url, canaries); len(found) > 0 {
		t.Errorf("%q are still in the dump", found)
	}
}

// A person goes from one account: leads, what hangs on them, tickets and JSON, while the same address under
// another account stays as it is, and so does everybody else.
func TestErasingAPerson(t *testing.T) {
	t.Parallel()

	url := filled(t, small)
	conn := open(t, url)
	of := appdb.New(opened(t, url), decided(t), appdb.Options{PseudonymKey: bytes.Repeat([]byte{7}, 32)})
	subject := store.Subject{
		Erasure: "era_test", Kind: plan.Person, Account: "1",
		Identities: map[string][]string{"email": {"CANARY.lead.44b7@mail.test"}},
	}

	const mine = `SELECT (SELECT count(*) FROM app.leads WHERE company_id = 1 AND email::text ILIKE $1)
		+ (SELECT count(*) FROM app.lead_events WHERE company_id = 1 AND payload ->> 'to' ILIKE $1)
		+ (SELECT count(*) FROM app.support_tickets WHERE company_id = 1 AND requester_email::text ILIKE $1)`

	had := query[int64](t, conn, mine, sharedWithTwin)
	before, beside := others(t, conn, "1"), besides(t, conn, sharedWithTwin)
	canaries := []string{
		"canary event subject", "canary-allergic", "Leopold C. Ticketcanary", "my new address", "Leopold Canarylead", "+1 202 555 0177",
		"canary note: Leopold",
	}
	allInDump(t, url, canaries)

	outcome, _ := erase(t, of, subject)
	if outcome.Kind != store.Erased || outcome.Count < had || had < 3 {
		t.Errorf("%+v of %d", outcome, had)
	}

	if rows := query[int64](t, conn, mine, sharedWithTwin); rows != 0 {
		t.Errorf("%d rows are left", rows)
	}

	if diff := cmp.Diff(before, others(t, conn, "1")); diff != "" {
		t.Error("other accounts' rows changed:", diff)
	}

	if diff := cmp.Diff(beside, besides(t, conn, sharedWithTwin)); diff != "" {
		t.Error("rows of other persons in the account changed:", diff)
	}

	if found := inDump(t, url, canaries); len(found) > 0 {
		t.Errorf("%q are still in the dump", found)
	}
}

// A user who is a person leaves a row behind that says nothing of them, and a name that stands for them.
func TestErasingAUser(t *testing.T) {
	t.Parallel()

	url := filled(t, small)
	conn := open(t, url)
	of := appdb.New(opened(t, url), decided(t), appdb.Options{PseudonymKey: bytes.Repeat([]byte{7}, 32)})
	subject := store.Subject{Erasure: "era_test", Kind: plan.Person, Identities: map[string][]string{"email": {"canary.owner.9f41@example.com"}}}

	const everybodyElse = `SELECT count(*) || ':' || sum(hashtextextended(u::text, 0)::numeric) FROM app.users u WHERE id <> $1`

	id := query[int64](t, conn, `SELECT id FROM app.users WHERE email = 'canary.owner.9f41@example.com'`)
	before := query[string](t, conn, everybodyElse, id)

	outcome, _ := erase(t, of, subject)
	if outcome.Count == 0 {
		t.Errorf("%+v", outcome)
	}

	if query[string](t, conn, everybodyElse, id) != before {
		t.Error("other users changed")
	}

	left := query[string](t, conn, `SELECT u::text FROM app.users u WHERE id = $1`, id)
	if strings.Contains(strings.ToLower(left), "canary") || !strings.Contains(left, "@example.invalid") {
		t.Error(left)
	}
}

// Who pays, and whom a profile names, leaves rows of the account behind that say nothing of them; what waits to be told to a
// customer about a lead goes, and so do the keys that a user made. Under another customer the same identities stay.
func TestErasingWhoPays(t *testing.T) {
	t.Parallel()

	url := filled(t, small)
	conn := open(t, url)
	of := appdb.New(opened(t, url), decided(t), appdb.Options{PseudonymKey: bytes.Repeat([]byte{7}, 32)})

	const mail = "canary.billing.c5d8@example.net"

	if _, err := conn.Exec(t.Context(), `
		UPDATE billing.profiles SET email = '`+mail+`' WHERE company_id = 3;
		UPDATE billing.payments SET provider = provider || '{"receipt_email": "`+mail+`"}' WHERE company_id = 3;
		UPDATE billing.payments SET provider = provider || '{"receipt_email": "somebody@example.net"}'
			WHERE id = (SELECT max(id::text)::uuid FROM billing.payments WHERE company_id = 1 AND card_holder <> 'CANARY PAYER 60aa');
		INSERT INTO app.webhook_deliveries (company_id, url, body)
			SELECT company, 'https://hooks.test', jsonb_build_object('lead', jsonb_build_object('email', mail))
			FROM unnest(ARRAY[1, 1, 3], ARRAY['`+mail+`', 'somebody@example.net', '`+mail+`']) AS d (company, mail);
		UPDATE app.users SET email = 'somebody.else@example.net' WHERE email = '`+mail+`';
		UPDATE app.users u SET email = '`+mail+`' FROM app.api_keys k WHERE k.company_id = 1 AND u.id = k.created_by`); err != nil {
		t.Fatal(err)
	}

	canaries := []string{
		"CANARY PAYER 60aa", "203.0.113.177", "Canary Holding Legal Entity", "77 Canary Row", "XX-CANARY-0077-4417", "O. CANARYHOUSE CARD", "canary key of Ottoline",
	}
	allInDump(t, url, canaries)

	before := others(t, conn, "1")
	rows := func() int64 {
		return query[int64](t, conn, `SELECT (SELECT count(*) FROM billing.payments) + (SELECT count(*) FROM billing.profiles)`)
	}
	kept := rows()

	erase(t, of, store.Subject{Erasure: "era_test", Kind: plan.Person, Account: "1", Identities: map[string][]string{"email": {mail}}})

	if diff := cmp.Diff(before, others(t, conn, "1")); diff != "" || rows() != kept {
		t.Error("other accounts' rows changed, or rows went that stay:", diff)
	}

	for what, sql := range map[string]string{
		"payments of somebody else": `SELECT count(*) = 1 FROM billing.payments WHERE company_id = 1 AND card_holder IS NOT NULL AND payer_ip IS NOT NULL`,
		"the profile": `SELECT legal_name = 'Erased' AND address = '{}' AND vat_number IS NULL AND card_holder IS NULL
			FROM billing.profiles WHERE company_id = 1`,
		"deliveries": `SELECT count(*) = 1 FROM app.webhook_deliveries WHERE company_id = 1`,
		"keys":       `SELECT count(*) = 0 FROM app.api_keys WHERE company_id = 1`,
	} {
		if !query[bool](t, conn, sql) {
			t.Error(what)
		}
	}

	if found := inDump(t, url, canaries); len(found) > 0 {
		t.Errorf("%q are still in the dump", found)
	}
}

// sharedWithTwin is planted under another account too, as another subject.
const sharedWithTwin = "canary.lead.44b7@mail.test"

// others hashes, table by table, the rows that are not of an account.
func others(t *testing.T, conn *pgx.Conn, account string) map[string]string {
	t.Helper()

	all := map[string]string{}

	for _, table := range tableNames(t, conn) {
		condition := "true"

		switch column := query[*string](t, conn, `SELECT max(attname) FROM pg_attribute
			WHERE attrelid = $1::text::regclass AND attname IN ('company_id', 'companyId')`, table); {
		case table == "app.companies":
			condition = "id <> " + account
		case table == "app.support_messages":
			condition = "ticket_id NOT IN (SELECT id FROM app.support_tickets WHERE company_id = " + account + ")"
		case column != nil:
			condition = pgx.Identifier{*column}.Sanitize() + " IS DISTINCT FROM " + account
		}

		all[table] = query[string](t, conn, `
			SELECT count(*) || ':' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) FROM `+table+` r WHERE `+condition)
	}

	return all
}

// besides hashes, table by table, the rows of account 1 that are of nobody with this address and hang on none of theirs.
func besides(t *testing.T, conn *pgx.Conn, email string) map[string]string {
	t.Helper()

	const leads, tickets = `SELECT id FROM app.leads WHERE company_id = 1 AND email::text ILIKE $1`,
		`SELECT id FROM app.support_tickets WHERE company_id = 1 AND requester_email::text ILIKE $1`

	all := map[string]string{}

	for table, theirs := range map[string]string{
		"app.leads":            `r.id IN (` + leads + `)`,
		"app.lead_events":      `r.lead_id IN (` + leads + `) OR coalesce(r.payload ->> 'to' ILIKE $1, false)`,
		"app.notes":            `coalesce(r.lead_id IN (` + leads + `), false)`,
		"app.support_tickets":  `r.id IN (` + tickets + `)`,
		"app.support_messages": `r.ticket_id IN (` + tickets + `)`,
		"app.displays":         `$1 = ''`,
		"app.visitor_presence": `$1 = ''`,
		"billing.payments":     `$1 = ''`,
		"billing.profiles":     `$1 = ''`,
	} {
		of := `r.company_id = 1`
		if table == "app.support_messages" {
			of = `r.ticket_id IN (SELECT id FROM app.support_tickets WHERE company_id = 1)`
		}

		all[table] = query[string](t, conn, `
			SELECT count(*) || ':' || coalesce(sum(hashtextextended(r::text, 0)::numeric), 0) FROM `+table+` r WHERE `+of+` AND NOT (`+theirs+`)`, email)
	}

	return all
}

// left counts the rows that are of an account, by the column that says so, and the messages of its tickets.
func left(t *testing.T, conn *pgx.Conn, account string) (rows int64) {
	t.Helper()

	for _, table := range tableNames(t, conn) {
		column := query[*string](t, conn, `SELECT max(attname) FROM pg_attribute
			WHERE attrelid = $1::text::regclass AND (attname IN ('company_id', 'companyId') OR attname = 'id' AND $1::text = 'app.companies')`, table)
		if column != nil {
			rows += query[int64](t, conn, `SELECT count(*) FROM `+table+` WHERE `+pgx.Identifier{*column}.Sanitize()+` = `+account)
		}
	}

	return rows
}
