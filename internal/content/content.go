// Package content describes what a database holds, so that two databases can
// be compared: rows and an order-independent hash of each table, sequences,
// large objects, extensions, owners and grants. A description holds counts,
// hashes and names of the schema, never data.
package content

import "sort"

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
	Schema string `json:"schema"`
	Name   string `json:"name"`
	Digest
}

// Key is the table's place in a sorted list.
func (t Table) Key() string { return t.Schema + "." + t.Name }

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
func (s Sequence) Key() string { return s.Schema + "." + s.Name }

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
	Kind string `json:"kind"`
	Digest
}

// Rows is the number of rows in all tables.
func (d Description) Rows() int64 {
	var rows int64
	for _, table := range d.Tables {
		rows += table.Rows
	}

	return rows
}

// WithAfter gives d with the sequences' states after the dump taken from later.
func (d Description) WithAfter(later []Sequence) Description {
	states := make(map[string]Position, len(later))
	for _, sequence := range later {
		states[sequence.Key()] = sequence.After
	}

	merged := make([]Sequence, len(d.Sequences))

	for i, sequence := range d.Sequences {
		if state, ok := states[sequence.Key()]; ok {
			sequence.After = state
		}

		merged[i] = sequence
	}

	d.Sequences = merged

	return d
}

// sortAll puts every list into its one order.
func (d *Description) sortAll() {
	sort.Slice(d.Tables, func(i, j int) bool { return d.Tables[i].Key() < d.Tables[j].Key() })
	sort.Slice(d.Sequences, func(i, j int) bool { return d.Sequences[i].Key() < d.Sequences[j].Key() })
	sort.Slice(d.Extensions, func(i, j int) bool { return d.Extensions[i].Name < d.Extensions[j].Name })
	sort.Slice(d.Schema, func(i, j int) bool { return d.Schema[i].Kind < d.Schema[j].Kind })
	sort.Strings(d.Privileges)
}
