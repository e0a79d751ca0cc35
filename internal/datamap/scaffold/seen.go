package scaffold

import (
	"context"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"steward/internal/liveschema"
	"steward/internal/postgres"
)

// What samples may look like.
const (
	LooksMail  = "mail addresses"
	LooksPhone = "phone numbers"
	LooksIP    = "addresses of a network"
)

// Seen says what the samples of columns look like, by table and column. It holds no values.
type Seen map[liveschema.Name]map[string]string

// Of is what one column looks like, empty where nothing could be told.
func (s Seen) Of(table liveschema.Name, column string) string { return s[table][column] }

const (
	// samples are read of each table: enough to recognise a mail address, and no load.
	samples = 100
	// sampleLength bounds how much of a value is read.
	sampleLength = 200
	// enough of the samples, in percent, must look alike.
	enough = 60
)

// Look reads a few rows of each table, and keeps what their texts look like, nothing of the texts themselves. Tables that the login
// may not read are passed over, as are those of other servers. It fails where the database does not answer.
func Look(ctx context.Context, db *postgres.DB, schema liveschema.Schema) (Seen, error) {
	seen := Seen{}

	for _, table := range schema.Tables {
		var texts []string

		for _, column := range table.Columns {
			if column.Category == "S" {
				texts = append(texts, column.Name)
			}
		}

		if len(texts) == 0 || elsewhere(table) {
			continue
		}

		found, err := lookAt(ctx, db, table.Name, texts)
		if err != nil {
			return nil, err
		}

		if len(found) > 0 {
			seen[table.Name] = found
		}
	}

	return seen, nil
}

// mayRead asks whether the login may read all columns of a table.
const mayRead = "select pg_catalog.has_table_privilege($1::text::regclass, 'select')"

func lookAt(ctx context.Context, db *postgres.DB, table liveschema.Name, columns []string) (map[string]string, error) {
	var allowed bool
	if err := db.QueryRow(ctx, mayRead, table.SQL()).Scan(&allowed); err != nil {
		return nil, fmt.Errorf("asking whether %s may be read: %w", table, err)
	}

	if !allowed {
		return nil, nil //nolint:nilnil // nothing was seen, and a nil map answers so
	}

	parts := make([]string, len(columns))
	for i, name := range columns {
		parts[i] = fmt.Sprintf("left(%s::text, %d)", liveschema.Quote(name), sampleLength)
	}

	rows, err := db.Query(ctx, fmt.Sprintf("select array[%s]::text[] from %s limit %d", strings.Join(parts, ", "), table.SQL(), samples))
	if err != nil {
		return nil, fmt.Errorf("looking at samples of %s: %w", table, err)
	}
	defer rows.Close()

	counts := make([]count, len(columns))

	for rows.Next() {
		var texts []*string
		if err := rows.Scan(&texts); err != nil {
			return nil, fmt.Errorf("looking at samples of %s: %w", table, err)
		}

		for i, text := range texts {
			counts[i].add(text)
		}
	}

	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("looking at samples of %s: %w", table, err)
	}

	found := map[string]string{}

	for i, name := range columns {
		if looks := counts[i].looks(); looks != "" {
			found[name] = looks
		}
	}

	return found, nil
}

var (
	mailText  = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)
	phoneText = regexp.MustCompile(`^\+?[0-9][0-9 ().-]{6,18}[0-9]$`)
)

// count counts what samples of one column look like.
type count struct{ all, mail, phone, address int }

func (c *count) add(text *string) {
	if text == nil || *text == "" {
		return
	}

	c.all++

	_, err := netip.ParseAddr(*text)

	switch {
	case err == nil:
		c.address++
	case mailText.MatchString(*text):
		c.mail++
	case phoneText.MatchString(*text):
		c.phone++
	}
}

func (c *count) looks() string {
	for _, one := range []struct {
		count int
		looks string
	}{{c.mail, LooksMail}, {c.phone, LooksPhone}, {c.address, LooksIP}} {
		if one.count > 0 && one.count*100 >= c.all*enough {
			return one.looks
		}
	}

	return ""
}
