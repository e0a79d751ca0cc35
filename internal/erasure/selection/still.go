package selection

import (
	"slices"
	"strings"

	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// still says that a row whose key is frozen is the subject's even now: the row may have been moved to somebody else
// since, or be another one that took a key which is free again. A column that is null leads to nobody else: the
// erasure itself makes keys null. By what a person was found is not asked again, since it may be overwritten; whose account
// the row is in, is.
func (s Selection) still(table route.Table) string {
	var conditions []string

	for _, selector := range table.Selectors {
		switch {
		case selector.Account != "" || selector.Key != nil:
			conditions = append(conditions, s.Selector(table, selector))
		case selector.ScopeBy == "":
			return always // all that the controller has
		default:
			conditions = append(conditions, s.scope(table.Name, selector))
		}

		for _, column := range leading(selector) {
			conditions = append(conditions, alias+"."+liveschema.Quote(column)+" is null")
		}
	}

	if len(conditions) == 0 {
		return always
	}

	return "(" + strings.Join(conditions, " or ") + ")"
}

// leading are the columns of a table that lead to the subject.
func leading(selector route.Selector) []string {
	switch {
	case selector.Account != "":
		return []string{selector.Account}
	case selector.Key != nil:
		return selector.Key.Columns
	case len(selector.Scope) > 0:
		return selector.Scope[0].Columns
	case selector.ScopeBy != "":
		return []string{selector.ScopeBy}
	default:
		return nil
	}
}

// remembered is the further condition of an unlink by which a row that belongs itself would lose its way to the
// subject: its own key is frozen, and it is overwritten. One that came meanwhile keeps its key, and the row that it names,
// until the next pass has found it. It is empty where a row loses nothing by which it is found.
func (s Selection) remembered(unlink route.Unlink) string {
	table, member := s.Route.Table(unlink.Key.From)
	if !member {
		return ""
	}

	loses, selected := false, []string{}

	for _, selector := range table.Selectors {
		selected = append(selected, s.Selector(table, selector))
		loses = loses || slices.ContainsFunc(leading(selector), func(column string) bool { return slices.Contains(unlink.Nulls, column) })
	}

	done := []string{}
	if table.Own != nil {
		done = append(done, s.InOwnSet(*table.Own))
	}

	if differs := differs(table); differs != "" {
		done = append(done, "not "+differs)
	}

	if !loses || len(done) == 0 {
		return ""
	}

	return " and (not coalesce(" + strings.Join(selected, " or ") + ", false) or " + strings.Join(done, " and ") + ")"
}

// Prune are the statements that take keys out of the session's sets whose rows are somebody else's by now, those of parents
// first. What names such a key is not the subject's by that.
func (s Selection) Prune() (statements []string) {
	for i, set := range s.Route.Sets {
		table, found := s.Route.Table(set.Table)
		if !found || set.LargeObjects {
			continue
		}

		still := s.still(table)
		if still == always {
			continue
		}

		joins := make([]string, len(set.Columns))
		for c, column := range set.Columns {
			joins[c] = "o." + name(c) + " = " + alias + "." + liveschema.Quote(column)
		}

		statements = append(statements, "delete from "+Table(i)+" as o using "+From(table.Live)+" where "+
			strings.Join(joins, " and ")+" and not coalesce("+still+", false)")
	}

	return statements
}
