package verify

import (
	"strings"

	"steward/internal/liveschema"
)

// edge is a foreign key of the schema, or a reference of the map.
type edge struct {
	from, to           liveschema.Name
	columns, toColumns []string
}

// String is the edge as people read it.
func (e edge) String() string { return e.from.String() + " (" + strings.Join(e.columns, ", ") + ")" }

// allEdges are all of them, those of materialized views too, which may not have been computed anew.
func (l Look) allEdges() (edges []edge) {
	for _, live := range l.Schema.Tables {
		for _, key := range live.Keys {
			edges = append(edges, edge{live.Name, key.To, key.Columns, key.ToColumns})
		}
	}

	for _, reference := range l.Decided.References {
		if l.readable(reference.From) {
			edges = append(edges, edge{reference.From, reference.To, reference.Columns, reference.ToColumns})
		}
	}

	return edges
}

// edges are those of one table.
func (l Look) edges(from liveschema.Name) (edges []edge) {
	for _, edge := range l.allEdges() {
		if edge.from == from {
			edges = append(edges, edge)
		}
	}

	return edges
}

// readable says that a table is there, and can be read: a view that was never computed holds nothing.
func (l Look) readable(name liveschema.Name) bool {
	live, found := l.Schema.Table(name)

	return found && !live.Unpopulated
}
