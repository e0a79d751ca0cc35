package verify

import (
	"context"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
	"steward/internal/store"
)

// live looks for rows that say themselves whose they are: by the account's key, or by an identity.
func (l Look) live(ctx context.Context) ([]store.Remainder, error) {
	if l.Subject.Kind == plan.Account {
		return l.run(ctx, l.ofAccount(), l.Subject.Account)
	}

	left := []store.Remainder{}

	for identity, values := range l.Subject.Identities {
		checks := l.ofPerson(datamap.Identity(identity))
		args := []any{values}

		if l.Route.Scoped && len(checks) > 0 {
			args = append(args, l.Subject.Account)
		}

		more, err := l.run(ctx, checks, args...)
		if err != nil {
			return nil, err
		}

		left = append(left, more...)
	}

	return left, nil
}

// ofAccount are the checks by the account's key.
func (l Look) ofAccount() (checks []check) {
	add := func(live liveschema.Table, column string) {
		if column != "" && l.goes(live.Name) {
			checks = append(checks, check{
				live.Name.String(), Own, "select count(*) from " + table(live) + " where " + l.is(live, "t", column, "$1"),
			})
		}
	}

	for _, on := range l.Route.All() {
		for _, selector := range on.Selectors {
			add(on.Live, selector.Account)
		}
	}

	for _, view := range l.views() {
		add(view, l.accountColumn(view.Name))
	}

	return checks
}

func (l Look) is(live liveschema.Table, alias, column, parameter string) string {
	of, _ := live.Column(column)

	return alias + "." + liveschema.Quote(column) + " = " + parameter + "::text::" + of.Type
}

// ofPerson are the checks by the identities of one type, in rows that go, and in the columns of those that stay but those that are
// retained.
func (l Look) ofPerson(identity datamap.Identity) (checks []check) {
	add := func(live liveschema.Table, match datamap.Match) {
		decided, _ := l.rows(live.Name)
		if match.Identity != identity || decided.Name == (liveschema.Name{}) || !l.goes(live.Name) && retains(decided, match.Column) {
			return
		}

		condition := l.holds(live, match)
		if l.Route.Scoped {
			condition += " and " + l.below(live.Name, "t")
		}

		checks = append(checks, check{
			live.Name.String() + "." + match.Column, Identified, "select count(*) from " + table(live) + " where " + condition,
		})
	}

	for _, on := range l.Route.All() {
		for _, selector := range on.Selectors {
			for _, match := range selector.Matches {
				add(on.Live, match)
			}
		}
	}

	for _, view := range l.views() {
		if decided, _ := l.rows(view.Name); decided.Person != nil && (l.Route.Scoped || decided.Role == datamap.Controller) {
			for _, match := range decided.Person.Matches {
				add(view, match)
			}
		}
	}

	return checks
}

// retains says that a column of rows that stay keeps its value on a basis that the policy publishes.
func retains(decided datamap.Table, name string) bool {
	column, _ := decided.Column(name)

	return column.Decision == datamap.Retain
}

// holds says that a column holds one of the identities $1, as it is compared for people; in JSON, that the path leads to one however
// deep it lies there.
func (l Look) holds(live liveschema.Table, match datamap.Match) string {
	const arrays = "A"

	column := "t." + liveschema.Quote(match.Column)
	of, _ := live.Column(match.Column)

	switch {
	case match.JSON != "":
		return "exists (select from jsonb_path_query(" + of.JSONB(column) + ", '" + strings.ReplaceAll(match.JSON+".**", "'", "''") +
			"', '{}', true) as j (v), unnest($1::text[]) as i (v) where " + equal(match.Identity, "j.v #>> '{}'", "i.v") + ")"
	case of.Category == arrays:
		return "exists (select from unnest(" + column + ") as e (v), unnest($1::text[]) as i (v) where " +
			equal(match.Identity, "e.v::text", "i.v") + ")"
	default:
		return "exists (select from unnest($1::text[]) as i (v) where " + equal(match.Identity, column+"::text", "i.v") + ")"
	}
}

// equal compares two texts as identities of a type. Visitors and users are compared without case here: a
// UUID has two ways to be written, and to name one too many is safe.
func equal(identity datamap.Identity, a, b string) string {
	if identity == datamap.Phone {
		digits := func(text string) string {
			return "translate(" + text + ", translate(" + text + ", '0123456789', ''), '')"
		}

		return digits(a) + " = " + digits(b)
	}

	return "lower(" + a + ") = lower(" + b + ")"
}

// below says that a row is below the account $2, by live joins up its path.
func (l Look) below(name liveschema.Name, alias string) string {
	return l.up(name, alias, func(live liveschema.Table, top, column string) string { return l.is(live, top, column, "$2") })
}

// up goes up the path of a row to where accounts begin, and asks something of the account. It is false where no account is.
func (l Look) up(name liveschema.Name, alias string, ask func(live liveschema.Table, alias, column string) string) string {
	root := l.Decided.Account
	live, _ := l.Schema.Table(name)

	if name == root.Table {
		return ask(live, alias, root.Key)
	}

	decided, _ := l.rows(name)

	for _, edge := range l.edges(name) {
		if !sameColumns(edge.columns, decided.Path) {
			continue
		}

		parent, joins := alias+"p", []string{}
		for i, column := range edge.columns {
			joins = append(joins, alias+"."+liveschema.Quote(column)+" = "+parent+"."+liveschema.Quote(edge.toColumns[i]))
		}

		joins = append(joins, l.up(edge.to, parent, ask))

		return "exists (select from " + edge.to.SQL() + " as " + parent + " where " + strings.Join(joins, " and ") + ")"
	}

	return "false"
}

// views are the materialized views that hold rows of subjects, and can be read.
func (l Look) views() (views []liveschema.Table) {
	for _, name := range l.Route.Views {
		if live, _ := l.Schema.Table(name); l.readable(name) {
			views = append(views, live)
		}
	}

	return views
}
