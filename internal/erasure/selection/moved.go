package selection

import (
	"fmt"
	"slices"
	"strings"

	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// notMoved is the further condition, asked in the statement that does a job, that no frozen row which a row names by one of
// the keys is somebody else's by now: rows move while others are done, and what is below them moves with them. One that
// belongs by another way too is left to the next pass. Leaf is the table whose rows are at the places in $1, none where
// the job is done to all.
func (s Selection) notMoved(keys []route.Key, leaf *liveschema.Name) string {
	text := &strings.Builder{}

	for _, key := range keys {
		parent, found := s.Route.Table(key.To)
		if !found {
			continue
		}

		still := s.stillAs(parent, "p", []liveschema.Name{key.From, key.To})
		if still == always {
			continue
		}

		mine, theirs, from := make([]string, len(key.Columns)), make([]string, len(key.Columns)), tableAs(parent.Live, "p")
		joins := []string{}

		for i, column := range key.Columns {
			mine[i], theirs[i] = alias+"."+liveschema.Quote(column), "p."+liveschema.Quote(key.ToColumns[i])
			joins = append(joins, s.equalAs(key.To, key.ToColumns[i], theirs[i], key.From, column, "c"))

			if !s.alike(key, i) {
				mine[i], theirs[i] = mine[i]+"::text", theirs[i]+"::text"
			}
		}

		if leaf != nil {
			from += ", (select distinct " + columnList(key.Columns) + " from only " + leaf.SQL() + " where ctid = any ($1)) as c"
		} else {
			joins = nil
		}

		joins = append(joins, s.inSetAs(key.Set(), key.To, key.ToColumns, "", "p"), "not coalesce("+still+", false)")
		text.WriteString(" and not coalesce((" + strings.Join(mine, ", ") + ") in (select " + strings.Join(theirs, ", ") + " from " + from +
			" where " + strings.Join(joins, " and ") + "), false)")
	}

	return text.String()
}

// stillAs says, up to the account, that a row is the subject's even now. Where keys form a circle, that its parent was is enough.
func (s Selection) stillAs(table route.Table, as string, seen []liveschema.Name) string {
	var conditions []string

	for _, selector := range table.Selectors {
		switch {
		case selector.Account != "":
			conditions = append(conditions, s.account(table.Name, selector.Account, as))
		case selector.Key != nil:
			conditions = append(conditions, s.parentStill(*selector.Key, as, seen))
		case selector.ScopeBy == "":
			return always
		default:
			conditions = append(conditions, s.scopeAs(table.Name, selector, as))
		}

		for _, column := range leading(selector) {
			conditions = append(conditions, as+"."+liveschema.Quote(column)+" is null")
		}
	}

	if len(conditions) == 0 {
		return always
	}

	return "(" + strings.Join(conditions, " or ") + ")"
}

// parentStill says that a row names a frozen one, and that this one, if it is there, is still the subject's.
func (s Selection) parentStill(key route.Key, as string, seen []liveschema.Name) string {
	inSet := s.inSetAs(key.Set(), key.From, key.Columns, "", as)

	parent, found := s.Route.Table(key.To)
	if !found || slices.Contains(seen, key.To) {
		return inSet
	}

	up := fmt.Sprintf("u%d", len(seen))

	joins := make([]string, len(key.Columns))
	for i, column := range key.Columns {
		joins[i] = s.equalAs(key.To, key.ToColumns[i], up+"."+liveschema.Quote(key.ToColumns[i]), key.From, column, as)
	}

	return "(" + inSet + " and not exists (select from " + tableAs(parent.Live, up) + " where " + strings.Join(joins, " and ") +
		" and not coalesce(" + s.stillAs(parent, up, append(slices.Clone(seen), key.To)) + ", false)))"
}

// keysOf are the keys by which rows of a table are found.
func keysOf(table route.Table) (keys []route.Key) {
	for _, selector := range table.Selectors {
		if selector.Key != nil {
			keys = append(keys, *selector.Key)
		}
	}

	return keys
}

func tableAs(table liveschema.Table, as string) string {
	return strings.TrimSuffix(From(table), alias) + as
}

func columnList(columns []string) string {
	quoted := make([]string, len(columns))
	for i, column := range columns {
		quoted[i] = liveschema.Quote(column)
	}

	return strings.Join(quoted, ", ")
}
