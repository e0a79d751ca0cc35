//nolint:gosmopolitan // people write in any script
package demoapp_test

import "testing"

// Each query answers true when the catalogue holds the feature that a backup or an erasure has to cope with.
var features = map[string]string{
	"partitions by month":    `SELECT count(*) = 14 FROM pg_inherits WHERE inhparent = 'app.displays'::regclass`,
	"default partition":      `SELECT pg_get_expr(relpartbound, oid) = 'DEFAULT' FROM pg_class WHERE oid = 'app.displays_default'::regclass`,
	"cycle of foreign keys":  `SELECT count(*) = 2 FROM pg_constraint WHERE contype = 'f' AND ((conrelid = 'app.companies'::regclass AND confrelid = 'app.users'::regclass) OR (conrelid = 'app.users'::regclass AND confrelid = 'app.companies'::regclass))`,
	"deferred constraint":    `SELECT condeferrable AND condeferred FROM pg_constraint WHERE conname = 'companies_owner_fkey'`,
	"self-reference":         `SELECT count(*) = 1 FROM pg_constraint WHERE contype = 'f' AND conrelid = confrelid AND conrelid = 'app.campaigns'::regclass`,
	"composite keys":         `SELECT count(*) >= 8 FROM pg_constraint WHERE contype = 'f' AND cardinality(conkey) > 1 AND conparentid = 0`,
	"composite primary key":  `SELECT cardinality(conkey) = 3 FROM pg_constraint WHERE contype = 'p' AND conrelid = 'app.variants'::regclass`,
	"mixed-case table":       `SELECT to_regclass('app."Campaign Tags"') IS NOT NULL`,
	"mixed-case column":      `SELECT count(*) = 1 FROM pg_attribute WHERE attrelid = 'app.users'::regclass AND attname = 'displayName'`,
	"generated columns":      `SELECT count(*) >= 4 FROM pg_attribute WHERE attgenerated = 's' AND attrelid::regclass::text ~ '^(app|billing)'`,
	"identity by default":    `SELECT attidentity = 'd' FROM pg_attribute WHERE attrelid = 'app.companies'::regclass AND attname = 'id'`,
	"identity always":        `SELECT attidentity = 'a' FROM pg_attribute WHERE attrelid = 'app.api_keys'::regclass AND attname = 'id'`,
	"plain sequence":         `SELECT last_value > 1 FROM app.audit_seq`,
	"enums":                  `SELECT count(*) >= 5 FROM pg_type WHERE typtype = 'e'`,
	"domains":                `SELECT count(*) = 4 FROM pg_type WHERE typtype = 'd' AND typnamespace IN ('app'::regnamespace, 'billing'::regnamespace)`,
	"extensions":             `SELECT count(*) = 2 FROM pg_extension WHERE extname IN ('citext', 'pgcrypto')`,
	"arrays":                 `SELECT count(*) > 0 FROM app.targeting_rules WHERE array_ndims(matrix) = 2`,
	"ranges":                 `SELECT count(*) > 0 FROM billing.subscriptions WHERE upper_inf(active)`,
	"view":                   `SELECT count(*) = 40 FROM app.account_overview WHERE owner_email IS NOT NULL`,
	"materialized view":      `SELECT sum(displays) = 3000 FROM app.campaign_months`,
	"trigger and function":   `SELECT count(*) = 3 FROM pg_trigger WHERE NOT tgisinternal AND tgfoid = 'app.touch_updated_at'::regproc`,
	"forced row security":    `SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'app.leads'::regclass`,
	"policies":               `SELECT count(*) = 2 FROM pg_policies WHERE tablename = 'leads'`,
	"comments":               `SELECT count(*) >= 10 FROM pg_description WHERE objoid::regclass::text ~ '^(app|billing)'`,
	"partial index":          `SELECT count(*) >= 4 FROM pg_index WHERE indpred IS NOT NULL AND indrelid::regclass::text ~ '^app'`,
	"expression index":       `SELECT count(*) >= 2 FROM pg_index WHERE indexprs IS NOT NULL AND indrelid::regclass::text ~ '^app'`,
	"GIN index":              `SELECT count(*) >= 3 FROM pg_indexes WHERE indexdef LIKE '%USING gin%' AND schemaname = 'app'`,
	"check constraints":      `SELECT count(*) >= 8 FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0`,
	"unlogged table":         `SELECT relpersistence = 'u' FROM pg_class WHERE oid = 'app.visitor_presence'::regclass`,
	"unlogged rows":          `SELECT count(*) = 40 FROM app.visitor_presence`,
	"empty table":            `SELECT count(*) = 0 FROM app.webhook_deliveries`,
	"large objects":          `SELECT count(*) = 3 FROM pg_largeobject_metadata m JOIN app.files f ON f.large_object = m.oid WHERE m.lomowner = 'app_owner'::regrole`,
	"bytea":                  `SELECT count(*) = 40 FROM app.files WHERE sha256(content) = sha256`,
	"huge text":              `SELECT max(octet_length(body)) > 1048576 FROM app.notes`,
	"TOAST":                  `SELECT pg_relation_size(reltoastrelid) > 0 FROM pg_class WHERE oid = 'app.notes'::regclass`,
	"awkward text":           `SELECT bool_or(body LIKE E'%\t%') AND bool_or(body LIKE E'%\n%') AND bool_or(body LIKE E'%\\\\.%') AND bool_or(body LIKE E'%\r\n%') FROM app.notes`,
	"unicode":                `SELECT bool_or("displayName" ~ '[À-ž]') AND bool_or("displayName" ~ '[一-龯]') FROM app.users`,
	"nulls":                  `SELECT bool_or(phone IS NULL) AND bool_or(full_name IS NULL) AND bool_or(score IS NULL) FROM app.leads`,
	"nested JSON":            `SELECT count(*) > 0 FROM app.leads WHERE custom_fields #>> '{contact,tel,0}' = phone::text`,
	"person of two accounts": `SELECT count(DISTINCT company_id) = 2 FROM app.leads WHERE email = 'CANARY.lead.44b7@mail.test'`,
	"person in three tables": `SELECT (SELECT count(*) FROM app.lead_events WHERE company_id = 1 AND payload ->> 'to' = 'canary.lead.44b7@mail.test') > 0
		AND (SELECT count(*) FROM app.support_tickets WHERE requester_email = 'canary.lead.44b7@mail.test') = 1`,
	"one owner":                  `SELECT count(*) = 0 FROM pg_class WHERE relnamespace IN ('app'::regnamespace, 'billing'::regnamespace) AND relowner <> 'app_owner'::regrole`,
	"owner of database":          `SELECT datdba = 'app_owner'::regrole FROM pg_database WHERE datname = current_database()`,
	"no login":                   `SELECT count(*) = 3 FROM pg_roles WHERE rolname IN ('app_owner', 'app_rw', 'app_ro') AND NOT rolcanlogin AND NOT rolsuper AND NOT rolbypassrls`,
	"grants":                     `SELECT has_table_privilege('app_rw', 'app.campaigns', 'INSERT') AND has_table_privilege('app_ro', 'billing.invoices', 'SELECT') AND NOT has_table_privilege('app_ro', 'app.api_keys', 'SELECT')`,
	"column grants":              `SELECT has_column_privilege('app_ro', 'app.users', 'displayName', 'SELECT') AND NOT has_column_privilege('app_ro', 'app.users', 'email', 'SELECT')`,
	"default privileges":         `SELECT count(*) = 2 FROM pg_default_acl WHERE defaclrole = 'app_owner'::regrole`,
	"made by default privileges": `SELECT has_table_privilege('app_ro', 'app.displays_2026_01', 'SELECT') AND has_table_privilege('app_rw', 'app.displays_2026_01', 'INSERT')`,
	"silent accounts":            `SELECT count(*) > 0 FROM app.companies WHERE last_interaction_at < '2024-11-01'`,
	"large account":              `SELECT count(*) FILTER (WHERE company_id = 1) > 300 FROM app.displays`,
}

//nolint:tparallel // the subtests share one connection
func TestFeatures(t *testing.T) {
	t.Parallel()
	conn := open(t, filled(t, small))
	for name, sql := range features {
		t.Run(name, func(t *testing.T) {
			if !query[bool](t, conn, sql) {
				t.Errorf("not there: %s", sql)
			}
		})
	}
}

// Row-level security really hides: the owner sees the leads of the account it chose, and of no other.
func TestForcedRowSecurity(t *testing.T) {
	t.Parallel()
	conn := open(t, filled(t, small))
	query[string](t, conn, `SELECT set_config('role', 'app_owner', false)`)
	if n := query[int](t, conn, `SELECT count(*) FROM app.leads`); n != 0 {
		t.Errorf("the owner sees %d leads without choosing an account", n)
	}
	query[string](t, conn, `SELECT set_config('app.company_id', '1', false)`)
	if n := query[int](t, conn, `SELECT count(DISTINCT company_id) FROM app.leads`); n != 1 {
		t.Errorf("the owner sees the leads of %d accounts, want 1", n)
	}
}
