package route

import (
	"fmt"
	"slices"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// Lost finds what a route did and another one, of the same kind, in the schema as it is now, does not. A route without any takes
// the place of the other after an erasure was decided for good: what it does beyond the other is done too. What is
// not there any more cannot be lost; that it has a decision under its new name is a matter of Undecided.
func Lost(was, is Route, now liveschema.Schema) []Problem {
	l := lost{is: is, now: now}

	for _, table := range was.Kept {
		l.table(table, false)
	}

	for _, group := range was.Going {
		for _, table := range group {
			l.table(table, true)
		}
	}

	for _, object := range was.Objects {
		if l.has(object.Table, object.Bucket, object.Object, object.LargeObject) && !l.names(object) {
			l.problem(object.Table, nil, "objects that its rows name were to be erased", "name them under objects as before")
		}
	}

	for _, view := range was.Views {
		if l.has(view) && !slices.Contains(is.Views, view) {
			l.problem(view, nil, "the view was to be computed anew", "decide it as before")
		}
	}

	return sorted(l.problems)
}

// Unreachable finds frozen keys that cannot be joined any more once rows are gone: those of a table or column that has
// another name by now; and references that nobody keeps, to keys that were never frozen.
func Unreachable(frozen []Set, is Route, now liveschema.Schema) []Problem {
	l := lost{is: is, now: now}

	for _, set := range frozen {
		if !l.has(set.Table, set.Columns...) {
			l.problem(set.Table, set.Columns, "keys of its rows are frozen, and the table or a column of them has another name by now",
				"name them as before until the erasure has ended")
		}
	}

	for _, table := range is.All() {
		for _, selector := range table.Selectors {
			if selector.Key != nil && selector.Key.Soft && !slices.ContainsFunc(frozen, selector.Key.Set().Same) {
				l.problem(table.Name, selector.Key.Columns,
					"its rows are found by keys of "+selector.Key.To.String()+" that were not frozen before rows went",
					"look for its rows by hand, then take the reference out of the map until the erasure has ended")
			}
		}
	}

	return sorted(l.problems)
}

// lost compares with one route.
type lost struct {
	is       Route
	now      liveschema.Schema
	problems []Problem
}

func (l *lost) problem(table liveschema.Name, columns []string, what, remedy string) {
	l.problems = append(l.problems, Problem{Table: table, Columns: columns, What: what, Remedy: remedy})
}

// has says that a table is there with these columns, of which empty names are none.
func (l *lost) has(name liveschema.Name, columns ...string) bool {
	live, found := l.now.Table(name)

	return found && !slices.ContainsFunc(columns, func(column string) bool {
		_, there := live.Column(column)

		return column != "" && !there
	})
}

// names says that the route erases objects which columns name, wherever the map says so.
func (l *lost) names(object datamap.ObjectColumns) bool {
	return slices.ContainsFunc(l.is.Objects, func(other datamap.ObjectColumns) bool {
		other.Place = object.Place

		return other == object
	})
}

// goes says that rows of a table go on the route as it is.
func (l *lost) goes(name liveschema.Name) bool {
	return slices.ContainsFunc(l.is.Going, func(group []Table) bool {
		return slices.ContainsFunc(group, func(table Table) bool { return table.Name == name })
	})
}

func (l *lost) table(was Table, went bool) {
	is, found := l.is.Table(was.Name)

	switch {
	case !l.has(was.Name):
		return
	case !found:
		l.problem(was.Name, nil, "rows of it belonged to the subject, and the map or the keys lead there no more", "decide it as before")

		return
	case went != l.goes(was.Name):
		l.problem(was.Name, nil, "its rows were to go and are to stay, or the other way round", "decide it as before")

		return
	}

	for _, selector := range was.Selectors {
		l.selector(is, selector)
	}

	for _, unlink := range was.Unlinks {
		l.unlink(is, unlink)
	}

	for _, overwrite := range was.Overwrites {
		l.overwrite(is, overwrite)
	}
}

func (l *lost) overwrite(is Table, was Overwrite) {
	if !l.has(is.Name, was.Column) || slices.ContainsFunc(is.Overwrites, func(other Overwrite) bool {
		return other.Column == was.Column && other.Strategy == was.Strategy && other.Value == was.Value
	}) {
		return
	}

	l.problem(is.Name, []string{was.Column}, fmt.Sprintf("column %s was to be overwritten in another way, or at all", was.Column),
		"decide it as before")
}

// selector looks for a way in which rows were found. A column that has another name by now leads to the same keys.
func (l *lost) selector(is Table, was Selector) {
	columns := []string{was.Account}

	switch {
	case was.Key != nil:
		columns = was.Key.Columns
	case was.Account == "":
		l.matches(is, was)

		return
	}

	renamed := !l.has(is.Name, columns...)

	if !slices.ContainsFunc(is.Selectors, func(other Selector) bool {
		if was.Key == nil {
			return other.Account == was.Account || other.Account != "" && renamed
		}

		return other.Key != nil && l.same(*was.Key, *other.Key, renamed)
	}) {
		l.problem(is.Name, columns, fmt.Sprintf("rows were found by %v, which is no key of the table any more", columns),
			"make the foreign key anew, or declare it under references")
	}
}

// same says that a key leads where another one led, by columns or to a table that may have other names by now.
func (l *lost) same(was, is Key, renamed bool) bool {
	if !l.has(was.To, was.ToColumns...) {
		return renamed || alike(is.Columns, was.Columns)
	}

	return was.Set().Same(is.Set()) && (renamed || alike(pairs(is), pairs(was)))
}

// matches looks for each column in which a person was found.
func (l *lost) matches(is Table, was Selector) {
	for _, match := range was.Matches {
		if l.has(is.Name, match.Column) && !slices.ContainsFunc(is.Selectors, func(other Selector) bool {
			return other.ScopeBy == was.ScopeBy && slices.Contains(other.Matches, match)
		}) {
			l.problem(is.Name, []string{match.Column}, fmt.Sprintf("persons were found by column %s", match.Column),
				"name it under person.match as before")
		}
	}
}

// unlink looks for a key that was made null. A foreign key that is gone leaves its values behind.
func (l *lost) unlink(is Table, was Unlink) {
	if !l.has(was.Key.From, was.Key.Columns...) || slices.ContainsFunc(is.Unlinks, func(other Unlink) bool {
		return other.Key.From == was.Key.From && alike(pairs(other.Key), pairs(was.Key))
	}) {
		return
	}

	// A row that goes with what it names needs none.
	from, _ := l.is.Table(was.Key.From)
	if l.goes(from.Name) && slices.ContainsFunc(from.Selectors, func(other Selector) bool {
		return other.Key != nil && other.Key.To == was.Key.To && alike(pairs(*other.Key), pairs(was.Key))
	}) {
		return
	}

	l.problem(was.Key.From, was.Key.Columns,
		fmt.Sprintf("%v named rows of %s that go, and is no key of the table any more", was.Key.Columns, is.Name),
		"make the foreign key anew, or declare it under references, or drop the column")
}
