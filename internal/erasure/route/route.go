package route

import (
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
)

// Route is how an erasure goes through one database. It holds names only.
type Route struct {
	// Database is the name under which the policy knows the database.
	Database string
	// Subject is the kind of subject, Scoped whether a person is looked for below one account only.
	Subject plan.Subject
	Scoped  bool
	// Kept are the tables whose rows stay, by name. Their columns are overwritten before anything goes.
	Kept []Table
	// Going are the tables whose rows go, in that order: children before their parents. Those
	// of one group name each other in a circle that no key can be taken out of, and go in one statement.
	Going [][]Table
	// Sets are the keys that are frozen before anything changes, parents before their
	// children where there is no circle.
	Sets []Set
	// Rounds says that rows are found by way of keys that form a circle, so that
	// finding them takes rounds until nothing new is found.
	Rounds bool
	// Views are materialized views, which are computed anew once the rows are gone.
	Views []liveschema.Name
	// Objects are what rows of the subject name outside of their tables.
	Objects []datamap.ObjectColumns
}

// Table is one table on the route.
type Table struct {
	Name liveschema.Name
	// Partitioned tables are read as a whole, and changed leaf by leaf.
	Partitioned bool
	// Selectors find the rows that belong: those that one of them finds.
	Selectors []Selector
	// Unlinks are keys, of whatever table, that name rows of this one and are made null before those go.
	Unlinks []Unlink
	// Overwrites are what happens to the columns of rows that stay.
	Overwrites []Overwrite
	// Retains are columns of rows that stay, on a basis that the policy publishes.
	Retains []Retain
	// Own names each of its rows by a frozen key that holds no null; nil where there is none.
	Own *Set
	// Live is the table as the schema had it. It is no part of the route's fingerprint, since
	// its numbers change all the time.
	Live liveschema.Table `json:"-"`
}

// Selector finds rows in one way; one of Account, Key and Matches is set.
type Selector struct {
	// Account is the column that holds the key of the subject's account.
	Account string
	// Key names rows that belong, in the set of the table that it leads to.
	Key *Key
	// Matches are what tells a person apart, any of them. Scope leads from the table up to the one whose column
	// Account holds the scope's key; both are empty where all rows are looked at.
	Matches []datamap.Match
	Scope   []Key
	ScopeBy string
}

// Key is a foreign key or a soft reference.
type Key struct {
	From      liveschema.Name
	Columns   []string
	To        liveschema.Name
	ToColumns []string
	// Soft references are declared by the map, and kept by nobody.
	Soft       bool
	OnDelete   liveschema.Rule
	Deferrable bool
	MatchFull  bool
}

// String is the key as people read it: the table and its columns.
func (k Key) String() string { return k.From.String() + " (" + strings.Join(k.Columns, ", ") + ")" }

// Set is the set of keys that Key leads to.
func (k Key) Set() Set { return Set{Table: k.To, Columns: k.ToColumns} }

// Set is a list of columns of a table, whose values in the rows that belong are frozen. Together
// they are a unique key of it, but for those of large objects.
type Set struct {
	Table   liveschema.Name
	Columns []string
	// LargeObjects says that the one column holds numbers of large objects, which several rows may name.
	LargeObjects bool
}

// String is the set's name.
func (s Set) String() string { return s.Table.String() + " (" + strings.Join(s.Columns, ", ") + ")" }

// Same says that another set is of the same columns, in whatever order.
func (s Set) Same(other Set) bool {
	return s.Table == other.Table && alike(s.Columns, other.Columns) && s.LargeObjects == other.LargeObjects
}

// Unlink makes a key null where it names a row that goes.
type Unlink struct {
	Key Key
	// Nulls are the columns that are made null.
	Nulls []string
}

// Overwrite is what happens to a column of a row that stays.
type Overwrite struct {
	Column   string
	Strategy datamap.Strategy
	// Value is what a fixed column holds afterwards, as PostgreSQL reads it; of a keyed hash, what stands around it.
	Value string
	// Type is the column's type as SQL writes it.
	Type string
}

// Retain is a column that keeps its value.
type Retain struct{ Column, Basis, Until string }

// All gives every table on the route: the kept ones, then those that go, in order.
func (r Route) All() []Table {
	all := append([]Table(nil), r.Kept...)
	for _, group := range r.Going {
		all = append(all, group...)
	}

	return all
}

// Table finds a table on the route by its name, false if there is none.
func (r Route) Table(name liveschema.Name) (Table, bool) {
	for _, table := range r.All() {
		if table.Name == name {
			return table, true
		}
	}

	return Table{}, false
}

// SetsOf are the frozen keys of one table, each of which names its rows.
func (r Route) SetsOf(name liveschema.Name) (of []Set) {
	for _, set := range r.Sets {
		if set.Table == name && !set.LargeObjects {
			of = append(of, set)
		}
	}

	return of
}
