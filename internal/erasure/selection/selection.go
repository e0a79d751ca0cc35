// Package selection writes the SQL that finds the rows of a subject along a route. The
// subject and the frozen keys are in tables of the session, so that statements carry no
// values, and the server joins what it has statistics of.
package selection

import (
	"fmt"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// Subject is the session's table of who is erased: kind and value.
const Subject = "pg_temp.steward_subject"

// AccountKind is the kind of the subject's row that holds the account's key.
const AccountKind = "account"

// always is the condition that each row fulfils.
const always = "true"

// alias is the name of the table whose rows are looked for.
const alias = "t"

// Selection writes SQL for one route and schema.
type Selection struct {
	Route  route.Route
	Schema liveschema.Schema
	// Objects are all columns of the database that name what is outside of its tables.
	Objects []datamap.ObjectColumns
}

// Table is the session's table that holds the i-th set of the route.
func Table(i int) string { return fmt.Sprintf("pg_temp.steward_set_%d", i) }

// Create makes the session's tables, empty.
func (s Selection) Create() string {
	text := []string{
		"create temporary table steward_subject (kind text not null, value text not null)",
		"create temporary table steward_objects (bucket text, object text, primary key (bucket, object))",
	}

	for i, set := range s.Route.Sets {
		columns, names := make([]string, len(set.Columns)), make([]string, len(set.Columns))
		for c, column := range set.Columns {
			names[c] = name(c)
			columns[c] = alias + "." + liveschema.Quote(column) + " as " + names[c]
		}

		bare := strings.TrimPrefix(Table(i), "pg_temp.")
		text = append(text,
			"create temporary table "+bare+" as select "+strings.Join(columns, ", ")+", 0 as round from "+set.Table.SQL()+
				" as "+alias+" where false",
			"create unique index on "+Table(i)+" ("+strings.Join(names, ", ")+")")
	}

	return strings.Join(text, "; ")
}

// name is that of a column in a session's table.
func name(i int) string { return fmt.Sprintf("c%d", i) }

// From reads a table as a whole: with its partitions, but without tables that inherit from it, which are
// on the route by themselves.
func From(table liveschema.Table) string {
	if table.Kind == liveschema.Partitioned {
		return table.Name.SQL() + " as " + alias
	}

	return "only " + table.Name.SQL() + " as " + alias
}

// Selector is the condition of one way to find rows of a table.
func (s Selection) Selector(table route.Table, selector route.Selector) string {
	switch {
	case selector.Account != "":
		return s.account(table.Name, selector.Account, alias)
	case selector.Key != nil:
		return s.InSet(*selector.Key, "")
	default:
		return s.matches(table, selector)
	}
}

// account compares a column with the key of the account. It is cast to the column's type, so that an index serves.
func (s Selection) account(table liveschema.Name, column, as string) string {
	return as + "." + liveschema.Quote(column) + " = (select value::" + s.typeOf(table, column) + " from " + Subject +
		" where kind = '" + AccountKind + "')"
}

func (s Selection) typeOf(table liveschema.Name, column string) string {
	live, _ := s.Schema.Table(table)
	found, _ := live.Column(column)

	return found.Type
}

// InSet is the condition that a key names a frozen row; more is a further condition on that, as k.
func (s Selection) InSet(key route.Key, more string) string {
	return s.inSet(key.Set(), key.From, key.Columns, more)
}

// InOwnSet is the condition that a row itself is frozen in a set of its table.
func (s Selection) InOwnSet(set route.Set) string { return s.inSet(set, set.Table, set.Columns, "") }

func (s Selection) inSet(set route.Set, from liveschema.Name, columns []string, more string) string {
	return s.inSetAs(set, from, columns, more, alias)
}

// inSetAs is inSet of a table under another name.
func (s Selection) inSetAs(set route.Set, from liveschema.Name, columns []string, more, as string) string {
	at := -1

	for i, known := range s.Route.Sets {
		if known.String() == set.String() && !known.LargeObjects {
			at = i
		}
	}

	if at < 0 {
		return "false"
	}

	conditions := make([]string, len(columns))
	for i, column := range columns {
		conditions[i] = s.equalAs(set.Table, set.Columns[i], "k."+name(i), from, column, as)
	}

	return "exists (select from " + Table(at) + " as k where " + strings.Join(conditions, " and ") + more + ")"
}

// equalAs compares a value of a key with a column that names it, of a table by its name in the statement. Types of
// different kinds, which only a soft reference brings together, are compared as texts.
func (s Selection) equalAs(to liveschema.Name, toColumn, value string, from liveschema.Name, column, as string) string {
	here, there := s.column(from, column), s.column(to, toColumn)
	quoted := as + "." + liveschema.Quote(column)

	if !ofOneKind(here, there) {
		return value + "::text = " + quoted + "::text"
	}

	return value + " = " + quoted
}

func ofOneKind(here, there liveschema.Column) bool {
	return here.Base == there.Base || here.Category == there.Category
}

// alike says that the two ends of a key compare as they are.
func (s Selection) alike(key route.Key, i int) bool {
	return ofOneKind(s.column(key.From, key.Columns[i]), s.column(key.To, key.ToColumns[i]))
}

func (s Selection) column(table liveschema.Name, column string) liveschema.Column {
	live, _ := s.Schema.Table(table)
	found, _ := live.Column(column)

	return found
}

// matches is the condition that a row is of the person.
func (s Selection) matches(table route.Table, selector route.Selector) string {
	conditions := make([]string, len(selector.Matches))
	for i, match := range selector.Matches {
		conditions[i] = s.match(table.Name, match)
	}

	condition := "(" + strings.Join(conditions, " or ") + ")"
	if selector.ScopeBy == "" {
		return condition
	}

	return condition + " and " + s.scope(table.Name, selector)
}

// scope goes up the path to the table that holds the account's key.
func (s Selection) scope(from liveschema.Name, selector route.Selector) string {
	return s.scopeAs(from, selector, alias)
}

// scopeAs is scope of a table under another name.
func (s Selection) scopeAs(from liveschema.Name, selector route.Selector, below string) string {
	if len(selector.Scope) == 0 {
		return s.account(from, selector.ScopeBy, below)
	}

	tables, joins := make([]string, len(selector.Scope)), []string{}

	for i, hop := range selector.Scope {
		as := fmt.Sprintf("s%d", i)
		tables[i] = hop.To.SQL() + " as " + as

		for c, column := range hop.Columns {
			joins = append(joins, below+"."+liveschema.Quote(column)+" = "+as+"."+liveschema.Quote(hop.ToColumns[c]))
		}

		below = as
	}

	top := selector.Scope[len(selector.Scope)-1].To
	joins = append(joins, s.account(top, selector.ScopeBy, below))

	return "exists (select from " + strings.Join(tables, ", ") + " where " + strings.Join(joins, " and ") + ")"
}

// match compares one column, or values inside of it, with the identities of one type.
func (s Selection) match(table liveschema.Name, match datamap.Match) string {
	column := s.column(table, match.Column)
	quoted := alias + "." + liveschema.Quote(match.Column)

	switch {
	case match.JSON != "":
		return "exists (select from jsonb_path_query(" + column.JSONB(quoted) + ", " + literal(match.Path()) +
			"::jsonpath, '{}', true) as v (v) where " + oneOf(match.Identity, "v.v #>> '{}'") + ")"
	case column.Category == arrayCategory:
		return "exists (select from unnest(" + quoted + ") as v (v) where " + oneOf(match.Identity, "v.v::text") + ")"
	case column.Base == "uuid" && match.Identity != datamap.Email && match.Identity != datamap.Phone:
		return quoted + " = any (array(select value::uuid from " + Subject + " where kind = " + literal(string(match.Identity)) +
			" and value ~ " + uuidForm + "))"
	default:
		return oneOf(match.Identity, quoted+"::text")
	}
}

// uuidForm are the values that can stand in a column of UUIDs: others match no row, and would be an error there.
const uuidForm = "'^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'"

// arrayCategory is how pg_type calls arrays.
const arrayCategory = "A"

// oneOf says that a text is one of the person's identities of a type, in the way that such are compared.
func oneOf(identity datamap.Identity, text string) string {
	return Normal(identity, text) + " = any (array(select " + Normal(identity, "value") + " from " + Subject +
		" where kind = " + literal(string(identity)) + "))"
}

// Normal is the form of an identity in which it is compared: mail addresses without case, phone numbers by
// their digits, others as they are.
func Normal(identity datamap.Identity, text string) string {
	switch identity {
	case datamap.Email:
		return "lower(" + text + ")"
	case datamap.Phone:
		return "regexp_replace(" + text + ", '[^0-9]', '', 'g')"
	case datamap.Visitor, datamap.User:
		return text
	default:
		return text
	}
}

// literal is a text as SQL writes it; what it holds comes from the map.
func literal(text string) string {
	quoted := "'" + strings.ReplaceAll(text, "'", "''") + "'"
	if strings.Contains(text, `\`) {
		return " E" + strings.ReplaceAll(quoted, `\`, `\\`)
	}

	return quoted
}
