package route

import (
	"slices"

	"steward/internal/liveschema"
)

// components are the strongly connected components of tables and keys, a table before those that its
// keys lead to: children before their parents. Within, and among equals, tables keep their order. It takes
// about as long as the tables and keys are many.
func components(names []liveschema.Name, keys []Key) [][]liveschema.Name {
	g := newGraph(names, keys)
	g.connect()

	groups := make([][]liveschema.Name, g.groups)
	for node, group := range g.ranked() {
		groups[group] = append(groups[group], names[node])
	}

	return groups
}

// graph is tables and keys as numbers.
type graph struct {
	next [][]int // the tables that the keys of each lead to

	// What connect finds.
	group  []int // the component of each table
	groups int   // how many there are
}

func newGraph(names []liveschema.Name, keys []Key) *graph {
	g := &graph{next: make([][]int, len(names)), group: make([]int, len(names))}
	numbers := make(map[liveschema.Name]int, len(names))

	for number, name := range names {
		numbers[name] = number
	}

	for _, key := range keys {
		from, found := numbers[key.From]
		to, alsoFound := numbers[key.To]

		if found && alsoFound {
			g.next[from] = append(g.next[from], to)
		}
	}

	return g
}

// visit is where a walk through the graph stands.
type visit struct{ node, edge int }

// connect finds the components (Tarjan's algorithm, without recursion: a chain of tables may be long).
func (g *graph) connect() {
	const unseen = 0

	var (
		count = unseen
		index = make([]int, len(g.next)) // when a table was seen first, from 1
		low   = make([]int, len(g.next)) // the earliest table that it leads back to
		open  = make([]bool, len(g.next))
		stack []int
	)

	enter := func(node int) visit {
		count++
		index[node], low[node], open[node] = count, count, true
		stack = append(stack, node)

		return visit{node: node}
	}

	for start := range g.next {
		if index[start] != unseen {
			continue
		}

		for walk := []visit{enter(start)}; len(walk) > 0; {
			at := &walk[len(walk)-1]

			if at.edge < len(g.next[at.node]) {
				to := g.next[at.node][at.edge]
				at.edge++

				switch {
				case index[to] == unseen:
					walk = append(walk, enter(to))
				case open[to]:
					low[at.node] = min(low[at.node], index[to])
				}

				continue
			}

			node := at.node
			walk = walk[:len(walk)-1]

			if len(walk) > 0 {
				parent := walk[len(walk)-1].node
				low[parent] = min(low[parent], low[node])
			}

			if low[node] == index[node] {
				stack = g.close(node, stack, open)
			}
		}
	}
}

// close makes a component of what lies on the stack above a table, with that table.
func (g *graph) close(node int, stack []int, open []bool) []int {
	for {
		top := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		open[top], g.group[top] = false, g.groups

		if top == node {
			g.groups++

			return stack
		}
	}
}

// ranked gives the place of each table's component in the order: again and again the first component, by its first
// table, that no other one which is left leads to.
func (g *graph) ranked() []int {
	members, waits := g.members()

	var ready []int // the first tables of components that nothing waits for, in order

	for group, count := range waits {
		if count == 0 {
			ready = insert(ready, members[group][0])
		}
	}

	rank := make([]int, len(g.group))

	for place := 0; len(ready) > 0; place++ {
		group := g.group[ready[0]]
		ready = ready[1:]

		for _, member := range members[group] {
			rank[member] = place

			for _, free := range g.release(member, waits) {
				ready = insert(ready, members[free][0])
			}
		}
	}

	return rank
}

// members gives the tables of each component, and how many keys of others lead to it.
func (g *graph) members() (members [][]int, waits []int) {
	members, waits = make([][]int, g.groups), make([]int, g.groups)

	for node, group := range g.group {
		members[group] = append(members[group], node)

		for _, to := range g.next[node] {
			if g.group[to] != group {
				waits[g.group[to]]++
			}
		}
	}

	return members, waits
}

// release takes a table's keys away, and gives the components to which no key leads any more.
func (g *graph) release(node int, waits []int) (free []int) {
	for _, to := range g.next[node] {
		other := g.group[to]
		if other == g.group[node] {
			continue
		}

		waits[other]--

		if waits[other] == 0 {
			free = append(free, other)
		}
	}

	return free
}

// insert puts a number into its place in a sorted list.
func insert(list []int, number int) []int {
	at, _ := slices.BinarySearch(list, number)

	return slices.Insert(list, at, number)
}

// inner gives, of some components, the keys with both ends in the same one, by its first table.
func inner(groups [][]liveschema.Name, keys []Key) map[liveschema.Name][]int {
	of := map[liveschema.Name]liveschema.Name{}

	for _, group := range groups {
		for _, name := range group {
			of[name] = group[0]
		}
	}

	found := map[liveschema.Name][]int{}

	for at, key := range keys {
		from, known := of[key.From]
		if to, alsoKnown := of[key.To]; known && alsoKnown && from == to {
			found[from] = append(found[from], at)
		}
	}

	return found
}
