package demoapp_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"steward/dev/demoapp"
)

//nolint:tparallel // the subtests share one connection
func TestCanariesArePlanted(t *testing.T) {
	t.Parallel()
	conn := open(t, filled(t, small))
	const enough = 20
	if n := len(demoapp.Canaries()); n < enough {
		t.Errorf("%d canaries, want at least %d", n, enough)
	}
	for _, c := range demoapp.PlantedCanaries() {
		t.Run(c.Value, func(t *testing.T) {
			if n := planted(t, conn, c); n == 0 {
				t.Errorf("not found in %s.%s of account %d", c.Table, c.Column, c.Account)
			}
		})
	}
}

func planted(t *testing.T, conn *pgx.Conn, c demoapp.Canary) int64 {
	t.Helper()
	if c.Table == "pg_largeobject" {
		return query[int64](t, conn, `SELECT count(*) FROM app.files WHERE company_id = $1 AND large_object IS NOT NULL
			AND position($2::text::bytea IN lo_get(large_object)) > 0`, c.Account, c.Value)
	}
	column := pgx.Identifier{c.Column}.Sanitize()
	where := `position($1 IN ` + column + `::text) > 0`
	if c.Column == "content" {
		where = `position($1::text::bytea IN content) > 0`
	}
	owner := map[string]string{
		`app."Campaign Tags"`: ` AND "companyId" = $2`, "app.companies": ` AND id = $2`,
		"public.newsletter_subscribers": ` AND $2 = 0`,
		"app.support_messages":          ` AND ticket_id IN (SELECT id FROM app.support_tickets WHERE company_id = $2)`,
	}[c.Table]
	if owner == "" {
		owner = ` AND company_id = $2`
	}
	return query[int64](t, conn, `SELECT count(*) FROM `+c.Table+` WHERE `+where+owner, c.Value, c.Account)
}

func TestCanariesAreDistinct(t *testing.T) {
	t.Parallel()
	all := demoapp.Canaries()
	for i, a := range all {
		for j, b := range all {
			if i != j && strings.Contains(strings.ToLower(a), strings.ToLower(b)) {
				t.Errorf("%q contains %q", a, b)
			}
		}
	}
}

// The rows of app.files describe exactly the objects that Objects yields.
func TestObjectsMatchTheirRows(t *testing.T) {
	t.Parallel()
	conn := open(t, filled(t, small))
	count := 0
	for o := range demoapp.Objects(small) {
		count++
		sum := sha256.Sum256(o.Content)
		n := query[int](t, conn, `SELECT count(*) FROM app.files WHERE gcs_bucket = $1 AND gcs_object = $2
			AND size = $3 AND encode(sha256, 'hex') = $4 AND content_type = $5`,
			o.Bucket, o.Name, len(o.Content), hex.EncodeToString(sum[:]), o.ContentType)
		if n != 1 {
			t.Errorf("%d rows describe %s", n, o.Name)
		}
	}
	if n := query[int](t, conn, `SELECT count(gcs_object) FROM app.files`); n != count || n == 0 {
		t.Errorf("%d rows refer to objects, %d objects", n, count)
	}
}
