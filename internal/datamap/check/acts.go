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
		c.acceptsNull(unlink)

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

// acceptsNull finds columns that are made null, under a check or in the key of partitions, and of which nobody said that null will do:
// after the decision it would be too late to hear it from the database.
func (c *checker) acceptsNull(unlink route.Unlink) {
	from := unlink.Key.From
	live := c.live[from]

	var known datamap.Known
	if table := c.decided.Table(from); table != nil {
		known = table.Known
	}

	for _, name := range unlink.Nulls {
		if column, found := live.Column(name); found && column.Checked && !slices.Contains(known.Checks, name) {
			c.wrong(from, []string{name}, c.placeOf(from),
				fmt.Sprintf("a check names column %s, which is made null before rows of %s go, and nobody says that it accepts that",
					name, unlink.Key.To),
				fmt.Sprintf("look at the check; add known: {checks: [%s]} if it does", name))
		}
	}
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
