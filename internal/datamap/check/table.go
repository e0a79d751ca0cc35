package check

import (
	"fmt"
	"strings"

	"steward/internal/calendar"
	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// table checks what was decided about one table, beside what a route shows.
func (c *checker) table(table *datamap.Table) {
	c.guessed(table)

	live, found := c.live[table.Name]
	if !found || table.NotPersonal != "" {
		return
	}

	c.export(table, live)
	c.person(table, live)
	c.retained(table)
	c.known(table, live)
}

// guessed tells what a scaffold guessed and nobody confirmed.
func (c *checker) guessed(table *datamap.Table) {
	names := make([]string, 0, len(table.Guessed.Parts)+len(table.Guessed.Columns))

	for _, part := range table.Guessed.Parts {
		names = append(names, string(part))
	}

	names = append(names, table.Guessed.Columns...)

	if len(names) > 0 {
		c.wrong(table.Name, table.Guessed.Columns, table.Place, "guesses that nobody has confirmed: "+strings.Join(names, ", "),
			"look at each, then take it out of guessed")
	}
}

func (c *checker) export(table *datamap.Table, live liveschema.Table) {
	for _, name := range table.Export {
		if _, found := live.Column(name); !found {
			c.wrong(table.Name, []string{name}, table.Place, fmt.Sprintf("column %s is exported, but there is no such column", name),
				"take it out of export, or name it as it is called now")
		}
	}
}

func (c *checker) person(table *datamap.Table, live liveschema.Table) {
	if table.Person == nil {
		return
	}

	if table.Role == datamap.Processor && len(table.Path) == 0 {
		c.wrong(table.Name, nil, table.Place, "persons are looked for below an account, and no path leads to one",
			"add path, or role: controller if the data is the company's own")
	}

	for _, match := range table.Person.Matches {
		column, found := live.Column(match.Column)
		json := column.Base == "json" || column.Base == "jsonb"

		switch {
		case !found:
			c.wrong(table.Name, []string{match.Column}, table.Place,
				fmt.Sprintf("persons are found by column %s, and there is no such column", match.Column),
				"take it out of person.match, or name it as it is called now")
		case match.JSON != "" && !json:
			c.wrong(table.Name, []string{match.Column}, table.Place,
				fmt.Sprintf("column %s is %s, and a path leads into JSON only", match.Column, column.Type), "remove json:")
		case match.JSON == "" && json:
			c.wrong(table.Name, []string{match.Column}, table.Place,
				fmt.Sprintf("column %s is %s, and nothing says where in it the identity stands", match.Column, column.Type),
				"add json: with the path, such as $.email")
		}
	}
}

// retained checks that every retained column has an exception that the policy publishes.
func (c *checker) retained(table *datamap.Table) {
	for _, column := range table.Columns {
		if column.Decision != datamap.Retain {
			continue
		}

		exception, found := c.rules.Exception(column.Basis)
		if !found {
			c.wrong(table.Name, []string{column.Name}, column.Place,
				fmt.Sprintf("column %s is retained on the basis %s, which the policy does not publish", column.Name, column.Basis),
				fmt.Sprintf(`erase it, or add to policy.yaml under exceptions: {name: %s, basis: "…", categories: [%s], until: %s}`,
					column.Basis, table.Category, column.Until))

			continue
		}

		covered := false
		for _, category := range exception.Categories {
			covered = covered || category == table.Category
		}

		if !covered {
			c.wrong(table.Name, []string{column.Name}, column.Place,
				fmt.Sprintf("column %s is retained on the basis %s, which the policy does not publish for %s",
					column.Name, column.Basis, table.Category),
				fmt.Sprintf("erase it, or add %s to the categories of the exception %s in policy.yaml", table.Category, column.Basis))
		}

		if longer(column.Until, exception.Until) {
			c.wrong(table.Name, []string{column.Name}, column.Place,
				fmt.Sprintf("column %s is retained for %s, longer than %s, which the policy publishes", column.Name, column.Until, exception.Until),
				"write until: "+exception.Until.String())
		}
	}
}

// longer compares a period of the map with one of the policy. What cannot be read is longer than anything.
func longer(text string, than calendar.Duration) bool {
	period, err := calendar.ParseDuration(text)

	return err != nil || period.Longest() > than.Longest()
}

// known finds what the map knows of, and what is not there any more: its name may belong to something else tomorrow.
func (c *checker) known(table *datamap.Table, live liveschema.Table) {
	for _, name := range table.Known.Triggers {
		found := false
		for _, trigger := range live.Triggers {
			found = found || trigger.Name == name
		}

		if !found {
			c.wrong(table.Name, nil, table.Place, fmt.Sprintf("the trigger %s is known, but there is none of this name on delete or update", name),
				"take it out of known.triggers")
		}
	}

	for _, name := range table.Known.Checks {
		if column, found := live.Column(name); !found || !column.Checked {
			c.wrong(table.Name, []string{name}, table.Place, fmt.Sprintf("column %s is known to pass its check, but no check names it", name),
				"take it out of known.checks")
		}
	}

	if table.Known.Rules && live.Rules == 0 {
		c.wrong(table.Name, nil, table.Place, "rewrite rules are known, but there are none on delete or update", "take rules out of known")
	}
}
