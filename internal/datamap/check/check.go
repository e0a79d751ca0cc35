package check

import (
	"fmt"

	"steward/internal/datamap"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
	"steward/internal/policy"
)

// Run compares the whole map with the schemas that were read, one for each database of the map, and with
// the policy. A database of the map without a schema among them is wrong.
func Run(decided *datamap.Map, schemas []liveschema.Schema, rules *policy.Policy) []Finding {
	all := append(databases(decided, rules), prefixes(decided, rules)...)

	for _, database := range decided.Databases {
		found := false

		for _, schema := range schemas {
			if schema.Database == database.Name {
				all = append(all, Database(database, schema, rules)...)
				found = true
			}
		}

		if !found {
			all = append(all, Finding{
				Database: database.Name, Severity: Wrong, What: "its schema was not read", Remedy: "let Steward reach the database",
			})
		}
	}

	return sorted(all)
}

// databases compares which databases there are.
func databases(decided *datamap.Map, rules *policy.Policy) []Finding {
	var all []Finding

	apps := map[string]bool{}

	for _, database := range rules.Promises.Backups.Databases {
		if database.Role != policy.RoleApp {
			continue
		}

		apps[database.Name] = true

		if decided.Database(database.Name) == nil {
			all = append(all, Finding{
				Database: database.Name, Severity: Wrong, What: "nobody decided about the database",
				Remedy: "add it under databases; `steward datamap scaffold --database " + database.Name + "` writes a first map",
			})
		}
	}

	for _, database := range decided.Databases {
		if !apps[database.Name] {
			all = append(all, Finding{
				Database: database.Name, Severity: Wrong, What: "the policy has no app database of this name",
				Remedy: "take it out of the map, or add it under promises.backups.databases",
			})
		}
	}

	return all
}

// checker checks one database.
type checker struct {
	findings

	decided datamap.Database
	rules   *policy.Policy
	live    map[liveschema.Name]liveschema.Table
	// named are the columns of each table that keys of others name.
	named map[liveschema.Name]map[string]bool
	// unindexed are the keys to each table for which those that hold them have no index.
	unindexed map[liveschema.Name][]keyOf
}

// keyOf is a foreign key of a table.
type keyOf struct {
	from    liveschema.Name
	columns []string
}

// Database compares what was decided about one database with its schema and with the policy.
func Database(decided datamap.Database, schema liveschema.Schema, rules *policy.Policy) []Finding {
	c := &checker{
		findings: findings{database: decided.Name}, decided: decided, rules: rules,
		live: map[liveschema.Name]liveschema.Table{}, named: map[liveschema.Name]map[string]bool{},
		unindexed: map[liveschema.Name][]keyOf{},
	}

	for _, table := range schema.Tables {
		c.live[table.Name] = table

		for _, key := range table.Keys {
			c.name(key)

			if !indexed(table, key) {
				c.unindexed[key.To] = append(c.unindexed[key.To], keyOf{table.Name, key.Columns})
			}
		}
	}

	c.fromRoute(route.Undecided(decided, schema))

	for _, kind := range route.Kinds() {
		found, problems := route.Build(decided, schema, kind)
		c.fromRoute(problems)
		c.acts(found)

		for _, table := range found.Kept {
			c.overwrites(table)
		}
	}

	c.account()
	c.objects(schema)

	for i := range c.decided.Tables {
		c.table(&c.decided.Tables[i])
	}

	return sorted(c.list)
}

func (c *checker) name(key liveschema.ForeignKey) {
	if c.named[key.To] == nil {
		c.named[key.To] = map[string]bool{}
	}

	for _, column := range key.ToColumns {
		c.named[key.To][column] = true
	}
}

// fromRoute takes over what stands in the way of a route.
func (c *checker) fromRoute(problems []route.Problem) {
	for _, problem := range problems {
		c.wrong(problem.Table, problem.Columns, problem.Place, problem.What, problem.Remedy)
	}
}

// account checks that the key of accounts tells them apart. That it is there is a matter of the route.
func (c *checker) account() {
	root := c.decided.Account
	live := c.live[root.Table]

	if _, found := live.Column(root.Key); !found {
		return
	}

	for _, key := range append([][]string{live.Primary}, live.Unique...) {
		if len(key) == 1 && key[0] == root.Key {
			return
		}
	}

	c.wrong(root.Table, []string{root.Key}, datamap.Place{},
		fmt.Sprintf("the column %s does not tell accounts apart: no unique key has it alone", root.Key),
		"name under account the column of the primary key, or of a unique key without null")
}
