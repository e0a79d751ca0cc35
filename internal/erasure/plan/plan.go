// Package plan freezes what an erasure will do before anything is done: for each table
// and store the rows, the action and its basis, under one hash that people approve.
// It holds names and counts, never a value of the subject.
package plan

// Plan is what an erasure will do.
type Plan struct {
	// Erasure is the opaque id of the erasure, Subject what kind of subject goes.
	Erasure string  `json:"erasure"`
	Subject Subject `json:"subject"`
	// Map and Schema are the hex hashes of the data map, and of what the live schema had of it.
	Map    string `json:"map"`
	Schema string `json:"schema"`
	// Steps are in the order in which they are done: children before their parents, store by store.
	Steps []Step `json:"steps"`
}

// Subject is the kind of whoever is erased.
type Subject string

// The subjects.
const (
	Account Subject = "account"
	Person  Subject = "person"
)

// Action is what is done to rows.
type Action string

// The actions.
const (
	// DeleteRows deletes the subject's rows.
	DeleteRows Action = "delete"
	// Unlink makes null the columns of rows that stay, and that name rows which go.
	Unlink Action = "unlink"
	// Overwrite applies the strategies of the columns to rows that stay.
	Overwrite Action = "overwrite"
	// RetainRows leaves them, on a basis that the policy publishes.
	RetainRows Action = "retain"
	// Expire waits until what is there goes by itself, such as a backup at the end of its time.
	Expire Action = "expire"
	// ByHand is done by people, where nothing here can.
	ByHand Action = "by hand"
	// Absent does nothing: the account itself is not in the place, though rows of it may be. Who approves reads that the
	// app deleted it before, or that it is another's key.
	Absent Action = "not there"
)

// Step is what is done in one table, or in another place of a store.
type Step struct {
	// Store is the store's name, Place the table as schema.table, the bucket, or empty.
	Store  string `json:"store"`
	Place  string `json:"place"`
	Action Action `json:"action"`
	// Columns are those that are overwritten, unlinked or retained.
	Columns []string `json:"columns,omitempty"`
	// Rows are those that were counted when the plan was made; -1 where a store cannot count before it erases.
	Rows int64 `json:"rows"`
	// Basis and Until are those of what is retained.
	Basis string `json:"basis,omitempty"`
	Until string `json:"until,omitempty"`
}
