// Package content describes what a database holds, so that two databases can
// be compared: rows and an order-independent hash of each table, sequences,
// large objects, extensions, owners, grants and definitions. A description holds counts,
// hashes and names of the schema, never data.
package content

import (
	"sort"
	"strings"
)

// Description is what one database held at one instant.
type Description struct {
	Tables       []Table     `json:"tables"`
	Sequences    []Sequence  `json:"sequences"`
	LargeObjects Digest      `json:"large_objects"`
	Extensions   []Extension `json:"extensions"`
	// Privileges are one line for each owner and each grant, sorted.
	Privileges []string `json:"privileges"`
	// Schema is the definition of everything that has one, a hash for each kind.
	Schema []Definition `json:"schema"`
}

// Digest is a number of rows and a hash that does not depend on their order.
type Digest struct {
	Rows int64 `json:"rows"`
	// Hash is the sum modulo 2^128 of the MD5 of each row as text, in hex. It
	// guards against loss and error; forgery is kept out by the signature.
	Hash string `json:"hash"`
}

// Table is the content of one table, partition or materialized view.
type Table struct {
	Digest

	Schema string `json:"schema"`
	Name   string `json:"name"`
}

// Key is the table's place in a sorted list.
func (t Table) Key() string { return key(t.Schema, t.Name) }

// Sequence is where a sequence stood. A snapshot does not freeze sequences, so
// the description of a source has the states before and after the dump, and a
// copy may stand anywhere between.
type Sequence struct {
	Schema string   `json:"schema"`
	Name   string   `json:"name"`
	Before Position `json:"before"`
	After  Position `json:"after"`
}

// Key is the sequence's place in a sorted list.
func (s Sequence) Key() string { return key(s.Schema, s.Name) }

// Position is the state of a sequence.
type Position struct {
	Last   int64 `json:"last"`
	Called bool  `json:"called"`
}

// Extension is one installed extension.
type Extension struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Schema  string `json:"schema"`
	// Owner owns the schema that it lives in.
	Owner string `json:"owner"`
}

// Definition is the hash of all definitions of one kind, such as "index".
type Definition struct {
	Digest

	Kind string `json:"kind"`
}

// Rows is the number of rows in all tables.
func (d Description) Rows() int64 {
	var rows int64
	for _, table := range d.Tables {
		rows += table.Rows
	}

	return rows
}

// WithSequences gives d with the states that its sequences had before and after
// the dump. It must have been looked at them before the dump began.
func (d Description) WithSequences(before, after []Sequence) Description {
	first, last := states(before), states(after)
	merged := make([]Sequence, len(d.Sequences))

	for i, sequence := range d.Sequences {
		if state, ok := first[sequence.Key()]; ok {
			sequence.Before = state
		}

		if state, ok := last[sequence.Key()]; ok {
			sequence.After = state
		}

		merged[i] = sequence
	}

	d.Sequences = merged

	return d
}

// states are the positions of one look at the sequences.
func states(look []Sequence) map[string]Position {
	at := make(map[string]Position, len(look))
	for _, sequence := range look {
		at[sequence.Key()] = sequence.After
	}

	return at
}

// key joins the two parts of a name so that no other two give the same: a part
// is quoted where it could be mistaken.
func key(schema, name string) string { return part(schema) + "." + part(name) }

func part(name string) string {
	if strings.ContainsAny(name, `."`) {
		return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
	}

	return name
}

// sortAll puts every list into its one order.
func sortAll(d *Description) {
	sort.Slice(d.Tables, func(i, j int) bool { return d.Tables[i].Key() < d.Tables[j].Key() })
	sort.Slice(d.Sequences, func(i, j int) bool { return d.Sequences[i].Key() < d.Sequences[j].Key() })
	sort.Slice(d.Extensions, func(i, j int) bool { return d.Extensions[i].Name < d.Extensions[j].Name })
	sort.Slice(d.Schema, func(i, j int) bool { return d.Schema[i].Kind < d.Schema[j].Kind })
	sort.Strings(d.Privileges)
}
