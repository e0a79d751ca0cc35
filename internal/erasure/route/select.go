package route

import (
	"slices"

	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
)

// choose finds the ways in which the rows of each member are found.
func (b *builder) choose() {
	b.findPure()

	for _, name := range b.names() {
		member := b.member[name]
		if member == nil || member.Live.Kind == liveschema.Materialized {
			continue
		}

		if b.kind.Subject == plan.Account && b.accountOf[name] != "" {
			member.Selectors = append(member.Selectors, Selector{Account: b.accountOf[name]})
		}

		if b.kind.Subject == plan.Person && b.seed(name) {
			member.Selectors = append(member.Selectors, b.match(name))
		}

		if b.pure[name] {
			continue
		}

		for _, key := range b.goesWith(name) {
			if b.member[key.To] != nil && !b.ofAccount(key) {
				member.Selectors = append(member.Selectors, Selector{Key: &key})
			}
		}
	}
}

// match is how the rows of a person are found where the person begins.
func (b *builder) match(name liveschema.Name) Selector {
	selector := Selector{Matches: b.tables[name].Person.Matches}

	if !b.kind.Scoped {
		return selector
	}

	if column := b.accountOf[name]; column != "" {
		selector.ScopeBy = column

		return selector
	}

	// Up the path until a table holds the account's key.
	for _, hop := range b.hops(name) {
		selector.Scope = append(selector.Scope, hop)

		if selector.ScopeBy = b.accountOf[hop.To]; selector.ScopeBy != "" {
			break
		}
	}

	return selector
}

// findPure finds the tables of which every row that belongs holds the account's key: all that it is
// found by copies that key.
func (b *builder) findPure() {
	if b.kind.Subject != plan.Account {
		return
	}

	for _, name := range b.names() {
		b.pure[name] = b.member[name] != nil && b.accountOf[name] != ""
	}

	for shrunk := true; shrunk; {
		shrunk = false

		for _, name := range b.names() {
			if b.pure[name] && slices.ContainsFunc(b.goesWith(name), func(key Key) bool { return b.member[key.To] != nil && !b.ofAccount(key) }) {
				b.pure[name], shrunk = false, true
			}
		}
	}
}

// ofAccount says that every row that names a row which belongs by this key is of the account itself.
func (b *builder) ofAccount(key Key) bool { return b.pure[key.To] && b.implied(key) }
