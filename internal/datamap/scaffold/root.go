package scaffold

import (
	"regexp"
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// accountWords are what tables of accounts are usually called.
var accountWords = regexp.MustCompile(
	`^(accounts?|compan(y|ies)|tenants?|organi[sz]ations?|orgs?|customers?|workspaces?|teams?|firms?|clients?|shops?|stores?)$`)

// findRoot finds where accounts begin: the named table, else the one with the most below it; a
// table that is called like one of accounts counts ten times.
func (g *guesser) findRoot(named liveschema.Name) error {
	if named != (liveschema.Name{}) {
		g.root = g.live[named]
		g.key = singleKey(g.root)
	} else {
		most := -1

		for _, table := range g.schema.Tables {
			key := singleKey(table)
			if key == "" || elsewhere(table) || table.Kind == liveschema.Materialized {
				continue
			}

			if weight := g.weigh(table); weight > most {
				g.root, g.key, most = table, key, weight
			}
		}
	}

	if g.key == "" {
		return ErrNoAccount
	}

	return nil
}

// weigh counts the tables below a table.
func (g *guesser) weigh(table liveschema.Table) int {
	const likely = 10

	below, next := map[liveschema.Name]bool{table.Name: true}, []liveschema.Name{table.Name}

	for len(next) > 0 {
		parents := next
		next = nil

		for _, child := range g.schema.Tables {
			names := func(key liveschema.ForeignKey) bool { return slices.Contains(parents, key.To) }
			if !below[child.Name] && slices.ContainsFunc(child.Keys, names) {
				below[child.Name] = true

				next = append(next, child.Name)
			}
		}
	}

	if accountWords.MatchString(strings.ToLower(table.Name.Table)) {
		return likely * len(below)
	}

	return len(below)
}

// singleKey is the one column that tells the rows of a table apart, empty if there is none.
func singleKey(table liveschema.Table) string {
	for _, key := range append([][]string{table.Primary}, table.Unique...) {
		if len(key) == 1 {
			return key[0]
		}
	}

	return ""
}

// findReferences guesses which tables without any key towards the account name it all the same: by a
// column that is called as those of keys to the account are, and has its type.
func (g *guesser) findReferences() {
	names := map[string]bool{singular(g.root.Name.Table) + "_id": true}

	for _, table := range g.schema.Tables {
		for _, key := range table.Keys {
			if at := slices.Index(key.ToColumns, g.key); key.To == g.root.Name && at >= 0 && table.Name != g.root.Name {
				names[key.Columns[at]] = true
			}
		}
	}

	own, _ := g.root.Column(g.key)

	for _, table := range g.schema.Tables {
		if table.Name == g.root.Name || elsewhere(table) {
			continue
		}

		for _, column := range table.Columns {
			if names[column.Name] && column.Base == own.Base && !keyed(table, column.Name) {
				g.reference[table.Name] = datamap.Reference{
					From: table.Name, Columns: []string{column.Name}, To: g.root.Name, ToColumns: []string{g.key},
				}

				break
			}
		}
	}
}

// keyed tells whether a column is part of a foreign key already.
func keyed(table liveschema.Table, column string) bool {
	return slices.ContainsFunc(table.Keys, func(key liveschema.ForeignKey) bool { return slices.Contains(key.Columns, column) })
}

// singular is a rough guess for English words.
func singular(word string) string {
	switch {
	case strings.HasSuffix(word, "ies"):
		return strings.TrimSuffix(word, "ies") + "y"
	default:
		return strings.TrimSuffix(word, "s")
	}
}

// findOthers finds tables of people who belong to no account, and what is below those.
func (g *guesser) findOthers() {
	g.others = map[liveschema.Name]bool{}

	for _, table := range g.schema.Tables {
		free := !g.belongs(table.Name) && !elsewhere(table) && table.Kind != liveschema.Materialized
		if free && len(g.matches(table)) > 0 {
			g.spread([]liveschema.Name{table.Name}, g.others)
		}
	}
}

// belongs tells whether the rows of a table belong to anybody.
func (g *guesser) belongs(name liveschema.Name) bool { return g.owned[name] || g.others[name] }

// follows are the keys of a table whose rows have to go with what they name, beside its path: those that cannot be made null, and
// those by which the database deletes rows, or changes them, itself.
func (g *guesser) follows(table liveschema.Table) [][]string {
	var all [][]string

	for _, key := range table.Keys {
		path := g.path[table.Name]
		if !g.belongs(key.To) || ambiguous(table, key) || key.To == path.to && sameColumns(key.Columns, path.columns) {
			continue
		}

		if key.OnDelete == liveschema.Cascade || key.OnDelete == liveschema.SetDefault || !canBeNull(table, key) {
			if !slices.ContainsFunc(all, func(other []string) bool { return sameColumns(other, key.Columns) }) {
				all = append(all, key.Columns)
			}
		}
	}

	return all
}

// canBeNull tells whether a key can be taken off a row that stays.
func canBeNull(table liveschema.Table, key liveschema.ForeignKey) bool {
	nulls := 0

	for _, name := range key.Columns {
		if column, found := table.Column(name); found && !column.NotNull && !column.Generated && !slices.Contains(table.Primary, name) {
			nulls++
		}
	}

	return nulls > 0 && (!key.MatchFull || nulls == len(key.Columns))
}
