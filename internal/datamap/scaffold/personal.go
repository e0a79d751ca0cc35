package scaffold

import (
	"regexp"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// personalName are parts of names by which columns of any type are taken for personal.
var personalName = regexp.MustCompile(`(?i)(mail|phone|mobile|^tel|_tel$|fax|name|street|city|zip|postal|address|^ip$|_ip$|^ip_|agent|` +
	`birth|gender|iban|card|vat|passport|licen[cs]e_plate|ssn|token|password|secret|hash|cookie|visitor|session|device_id|fingerprint|` +
	`latitude|longitude|^lat$|^lng$|^lon$|avatar|photo|signature|salary|last_(login|seen))`)

// countName are names of figures and settings whose values say nothing about anybody.
var countName = regexp.MustCompile(`(?i)^(status|state|kind|type|currency|locale|language|timezone|version|tier|plan|country|unit)$`)

// personal guesses whether a column says something about a person, and why.
func (g *guesser) personal(table liveschema.Table, column liveschema.Column) (reason string, yes bool) {
	if inKeys(table, column.Name) {
		return "", false
	}

	if seen := g.seen.Of(table.Name, column.Name); seen != "" {
		return "samples look like " + seen, true
	}

	if personalName.MatchString(column.Name) {
		return "its name", true
	}

	switch {
	case countName.MatchString(column.Name):
		return "", false
	case slices.Contains([]string{"inet", "cidr", "macaddr", "macaddr8"}, column.Base):
		return "an address of a network", true
	case slices.Contains([]string{"json", "jsonb", "xml", "bytea", "tsvector", "hstore"}, column.Base),
		strings.HasSuffix(column.Base, ".hstore"):
		return "may hold anything", true
	case column.Base == "oid":
		return "may name a large object", true
	case column.Category == "S" && (column.Length == 0 || column.Length > shortText):
		return "free text", true
	case column.Category == "A" && (strings.HasPrefix(column.Base, "text") || strings.HasPrefix(column.Base, "character varying")):
		return "free text", true
	default:
		return "", false
	}
}

// shortText is the longest text that is taken for a code.
const shortText = 8

// inKeys tells whether a column is part of the row's own key, or of one to another table: a number that goes with its row.
func inKeys(table liveschema.Table, name string) bool {
	return slices.Contains(table.Primary, name) && !personalName.MatchString(name) || keyed(table, name)
}

// matches are the columns by which one person may be found in a table.
func (g *guesser) matches(table liveschema.Table) []datamap.Match {
	var all []datamap.Match

	for _, column := range table.Columns {
		if keyed(table, column.Name) {
			continue
		}

		if identity := identityOf(column, g.seen.Of(table.Name, column.Name)); identity != "" {
			all = append(all, datamap.Match{Identity: identity, Column: column.Name})
		}
	}

	return all
}

var (
	mailColumn    = regexp.MustCompile(`(?i)(email|^mail|_mail)$`)
	phoneColumn   = regexp.MustCompile(`(?i)^(.*_)?phone$|^mobile$`)
	visitorColumn = regexp.MustCompile(`(?i)^(visitor|anonymous)_id$`)
)

// identityOf guesses what identity of a person a column holds, by its name and by what samples of it look like; empty for none.
func identityOf(column liveschema.Column, seen string) datamap.Identity {
	text := column.Category == "S"

	switch {
	case text && (seen == LooksMail || mailColumn.MatchString(column.Name)):
		return datamap.Email
	case text && (seen == LooksPhone || phoneColumn.MatchString(column.Name)):
		return datamap.Phone
	case (text || column.Base == "uuid") && visitorColumn.MatchString(column.Name):
		return datamap.Visitor
	default:
		return ""
	}
}

// categories are what parts of names say about a table, in this order.
var categories = []struct {
	category string
	parts    *regexp.Regexp
}{
	{"billing", regexp.MustCompile(`(?i)billing|invoice|payment|subscription|charge|order|refund|price`)},
	{"support", regexp.MustCompile(`(?i)ticket|support|conversation|message`)},
	{"collected", regexp.MustCompile(`(?i)lead|visitor|display|event|click|view|session|impression|submission|response|contact|subscriber`)},
	{"campaigns", regexp.MustCompile(`(?i)campaign|popup|site|variant|template|design|form`)},
}

func category(name liveschema.Name) string {
	for _, one := range categories {
		if one.parts.MatchString(name.String()) {
			return one.category
		}
	}

	return "company"
}
