package route

import (
	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
)

// Kind is what kind of erasure a route is for.
type Kind struct {
	Subject plan.Subject
	// Scoped says that a person is looked for below one account; else in the tables of the controller.
	Scoped bool
}

// Kinds are all kinds: a map is right if there is a route for each.
func Kinds() []Kind {
	return []Kind{{Subject: plan.Account}, {Subject: plan.Person, Scoped: true}, {Subject: plan.Person}}
}

// Build finds the route of one kind of erasure. With any problem the route must not be taken:
// it is then what could be made out.
func Build(decided datamap.Database, schema liveschema.Schema, kind Kind) (Route, []Problem) {
	b := &builder{
		decided: decided, schema: schema, kind: kind,
		live: map[liveschema.Name]liveschema.Table{}, tables: map[liveschema.Name]datamap.Table{},
		from: map[liveschema.Name][]Key{}, path: map[liveschema.Name]Key{}, follows: map[liveschema.Name][]Key{},
		accountOf: map[liveschema.Name]string{}, member: map[liveschema.Name]*Table{}, pure: map[liveschema.Name]bool{},
	}

	b.index()
	b.readKeys()
	b.resolveKeys()
	b.findAccountColumns()
	b.findMembers()
	b.choose()
	b.unlink()
	b.collectSets()
	b.order()
	b.collectViews()

	return b.route, sorted(b.problems)
}

// builder holds what is known while a route is made.
type builder struct {
	decided datamap.Database
	schema  liveschema.Schema
	kind    Kind

	live   map[liveschema.Name]liveschema.Table
	tables map[liveschema.Name]datamap.Table // decided and alive, but for those that are of no subject
	keys   []Key
	from   map[liveschema.Name][]Key // those of each table

	path      map[liveschema.Name]Key
	follows   map[liveschema.Name][]Key
	accountOf map[liveschema.Name]string // the column that holds the account's key
	member    map[liveschema.Name]*Table
	pure      map[liveschema.Name]bool // members of which every row that belongs has the account's key

	route    Route
	problems []Problem
}

func (b *builder) problem(table liveschema.Name, columns []string, place datamap.Place, what, remedy string) {
	b.problems = append(b.problems, Problem{Table: table, Columns: columns, Place: place, What: what, Remedy: remedy})
}

// index makes the look-ups, without what is decided but gone.
func (b *builder) index() {
	for _, table := range b.schema.Tables {
		b.live[table.Name] = table
	}

	for _, table := range b.decided.Tables {
		if _, alive := b.live[table.Name]; alive && table.NotPersonal == "" {
			b.tables[table.Name] = table
		}
	}

	b.route = Route{Database: b.decided.Name, Subject: b.kind.Subject, Scoped: b.kind.Scoped}
}

// personal says that a table holds rows of subjects.
func (b *builder) personal(name liveschema.Name) bool {
	_, found := b.tables[name]

	return found
}

// names are the personal tables in the order of the schema, so that each result has a fixed order.
func (b *builder) names() (names []liveschema.Name) {
	for _, table := range b.schema.Tables {
		if b.personal(table.Name) {
			names = append(names, table.Name)
		}
	}

	return names
}

// resolveKeys finds the keys that the map names.
func (b *builder) resolveKeys() {
	for _, name := range b.names() {
		table := b.tables[name]

		if len(table.Path) > 0 {
			if key, found := b.resolve(table, table.Path, "path"); found {
				b.path[name] = key
			}
		}

		for _, columns := range table.Follows {
			if key, found := b.resolve(table, columns, "follows"); found {
				b.follows[name] = append(b.follows[name], key)
			}
		}
	}

	b.checkRoot()
	b.checkPaths()
}

// checkRoot checks that accounts begin somewhere.
func (b *builder) checkRoot() {
	root := b.decided.Account
	if root.Table == (liveschema.Name{}) {
		return // a database without accounts, such as one of people only
	}

	live, found := b.live[root.Table]
	if !found || !b.personal(root.Table) {
		b.problem(root.Table, nil, datamap.Place{}, "the table where accounts begin is not there, or not decided",
			"name it under account, and decide it under tables")

		return
	}

	if _, found := live.Column(root.Key); !found {
		b.problem(root.Table, []string{root.Key}, datamap.Place{}, "the column "+root.Key+" of which each value is an account is not there",
			"name the column anew under account")
	}

	if !b.unique(root.Table, []string{root.Key}) {
		b.problem(root.Table, []string{root.Key}, datamap.Place{}, "several accounts may have the same "+root.Key,
			"name the primary key under account, or a unique column that holds no null")
	}

	if _, found := b.path[root.Table]; found {
		b.problem(root.Table, nil, b.tables[root.Table].Place, "accounts begin here, but the table has a path", "take the path out")
	}
}

// checkPaths checks that each path ends.
func (b *builder) checkPaths() {
	for _, name := range b.names() {
		seen := map[liveschema.Name]bool{}

		for at := name; !seen[at]; at = b.path[at].To {
			seen[at] = true

			key, found := b.path[at]
			if !found {
				break
			}

			if seen[key.To] {
				b.problem(name, nil, b.tables[name].Place, "its path goes in a circle", "name another key as path, and this one under follows")

				delete(b.path, name)

				break
			}

			if !b.personal(key.To) {
				b.problem(name, key.Columns, b.tables[name].Place, "its path leads to "+key.To.String()+", which belongs to nobody",
					"name a key as path that leads towards the account")

				break
			}
		}
	}
}

// hops are the keys from a table up to where its path ends.
func (b *builder) hops(from liveschema.Name) (hops []Key) {
	for key, found := b.path[from]; found && len(hops) <= len(b.tables); key, found = b.path[key.To] {
		hops = append(hops, key)
	}

	return hops
}

// underAccount says that the path of a table ends where accounts begin.
func (b *builder) underAccount(name liveschema.Name) bool {
	root := b.decided.Account.Table
	if hops := b.hops(name); len(hops) > 0 {
		return hops[len(hops)-1].To == root
	}

	return name == root && root != liveschema.Name{}
}
