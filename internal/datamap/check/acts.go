package check

import (
	"fmt"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// acts finds what the database would do by itself while an erasure goes this way.
func (c *checker) acts(found route.Route) {
	for _, group := range found.Going {
		for _, table := range group {
			c.fires(table.Name, "deleted", func(t liveschema.Trigger) bool { return t.OnDelete })
			c.unlinks(found, table)
			c.scanned(table.Name)
		}
	}

	for _, table := range found.Kept {
		if len(table.Overwrites) > 0 {
			c.fires(table.Name, "updated", func(t liveschema.Trigger) bool { return t.OnUpdate })
		}

		c.unlinks(found, table)
	}
}

// unlinks looks at the keys that are made null before rows of a table go.
func (c *checker) unlinks(found route.Route, table route.Table) {
	for _, unlink := range table.Unlinks {
		key, place := unlink.Key, c.placeOf(unlink.Key.From)
		columns := strings.Join(key.Columns, ", ")

		c.fires(key.From, "updated", func(t liveschema.Trigger) bool { return t.OnUpdate })
		c.refusesNull(unlink)

		if c.goesWith(found, key) {
			continue // the key is only opened so that a circle has a beginning
		}

		switch key.OnDelete {
		case liveschema.Cascade:
			c.wrong(key.From, key.Columns, place,
				fmt.Sprintf("the key [%s] deletes rows when those of %s go (ON DELETE CASCADE), and the map lets them stay", columns, key.To),
				fmt.Sprintf("add follows: [[%s]], or make the constraint ON DELETE SET NULL", columns))
		case liveschema.SetDefault:
			c.wrong(key.From, key.Columns, place,
				fmt.Sprintf("the key [%s] gives rows a default when those of %s go (ON DELETE SET DEFAULT), and an erasure makes it null",
					columns, key.To),
				"make the constraint ON DELETE SET NULL")
		case liveschema.NoAction, liveschema.Restrict, liveschema.SetNull:
		}
	}
}

// refusesNull finds what stands against making columns of a key null: nobody sees it before the rows that it names go.
func (c *checker) refusesNull(unlink route.Unlink) {
	from := unlink.Key.From
	live, place := c.live[from], c.placeOf(from)

	var known datamap.Known
	if table := c.decided.Table(from); table != nil {
		known = table.Known
	}

	for _, name := range unlink.Nulls {
		column, _ := live.Column(name)
		what := fmt.Sprintf("column %s is made null when rows of %s go, ", name, unlink.Key.To)

		switch {
		case slices.Contains(live.PartitionBy, name):
			c.wrong(from, []string{name}, place, what+"and it decides in which partition a row lies",
				fmt.Sprintf("let the rows go too: follows: [[%s]]", strings.Join(unlink.Key.Columns, ", ")))
		case clashes(live, live.NullsAlike, name):
			c.wrong(from, []string{name}, place, what+"and a unique key has it, to which nulls are the same",
				fmt.Sprintf("let the rows go too: follows: [[%s]], or make the key anew without NULLS NOT DISTINCT",
					strings.Join(unlink.Key.Columns, ", ")))
		case column.Checked && !slices.Contains(known.Checks, name):
			c.wrong(from, []string{name}, place, what+"and nobody says that the check which names it accepts that",
				fmt.Sprintf("look at the check; add known: {checks: [%s]} if it does", name))
		}
	}
}

// scanned notes keys of others to a table for which the server reads their whole table at each row that goes.
func (c *checker) scanned(to liveschema.Name) {
	for _, key := range c.unindexed[to] {
		c.note(key.from, key.columns, c.placeOf(key.from),
			fmt.Sprintf("unindexed foreign key: each row of %s that goes has the server read all of the table", to),
			fmt.Sprintf("create an index on (%s); without it an erasure is slow, and slows others", strings.Join(key.columns, ", ")))
	}
}

// indexed tells whether a table has an index for a key of its own.
func indexed(live liveschema.Table, key liveschema.ForeignKey) bool {
	return slices.ContainsFunc(live.Indexes, func(index []string) bool { return leads(index, key.Columns) })
}

// leads tells whether an index begins with these columns, in whatever order. The server uses one that begins with some
// of them too, which may be most of the table's rows all the same.
func leads(index, columns []string) bool {
	return len(index) >= len(columns) &&
		!slices.ContainsFunc(columns, func(name string) bool { return !slices.Contains(index[:len(columns)], name) })
}

// goesWith tells whether rows go, on this route, with those that the key names.
func (c *checker) goesWith(found route.Route, key route.Key) bool {
	table := c.decided.Table(key.From)
	if table == nil || !slices.ContainsFunc(found.Going, func(group []route.Table) bool {
		return slices.ContainsFunc(group, func(member route.Table) bool { return member.Name == key.From })
	}) {
		return false
	}

	return slices.ContainsFunc(append([][]string{table.Path}, table.Follows...), func(columns []string) bool {
		return slices.Equal(slices.Sorted(slices.Values(columns)), slices.Sorted(slices.Values(key.Columns)))
	})
}

func (c *checker) placeOf(name liveschema.Name) datamap.Place {
	if table := c.decided.Table(name); table != nil {
		return table.Place
	}

	return datamap.Place{}
}

// fires finds triggers and rules that nobody has looked at on rows that an erasure deletes or
// updates, and says where row-level security may hide such rows.
func (c *checker) fires(name liveschema.Name, what string, on func(liveschema.Trigger) bool) {
	live := c.live[name]

	var known datamap.Known
	if table := c.decided.Table(name); table != nil {
		known = table.Known
	}

	for _, trigger := range live.Triggers {
		if trigger.Enabled && on(trigger) && !slices.Contains(known.Triggers, trigger.Name) {
			c.wrong(name, nil, c.placeOf(name),
				fmt.Sprintf("the trigger %s (%s) fires when its rows are %s", trigger.Name, trigger.Function, what),
				fmt.Sprintf("look at what it does; add known: {triggers: [%s]} if it neither keeps nor brings back what is erased", trigger.Name))
		}
	}

	if live.Rules > 0 && !known.Rules {
		c.wrong(name, nil, c.placeOf(name), "rewrite rules do something else or more when its rows are "+what,
			"look at what they do; add known: {rules: true} if nothing is kept by them")
	}

	if live.RowSecurity {
		c.note(name, nil, c.placeOf(name), "row-level security hides rows from logins that do not bypass it",
			"give the erasing login BYPASSRLS; without it no erasure starts")
	}
}
