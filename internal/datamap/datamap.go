package datamap

import (
	"strings"
	"unicode/utf8"

	"steward/internal/liveschema"
)

// Map is a checked datamap.yaml.
type Map struct {
	// SHA256 is the hex hash of the decisions, without comments and white space: a plan names it.
	SHA256    string
	Databases []Database
}

// Database is what was decided about one database.
type Database struct {
	// Name is the database's name in the policy, under promises.backups.databases.
	Name string
	// Account is where an account begins.
	Account Root
	// References are soft: columns that name a row of another table without a foreign key.
	References []Reference
	// Objects are columns that name objects in Cloud Storage, or large objects.
	Objects []ObjectColumns
	// Prefixes are those in Cloud Storage below which everything belongs to one account, whether a row names it or not.
	Prefixes []Prefix
	Tables   []Table
}

// Root is the table and the one column of which each value is an account.
type Root struct {
	Table liveschema.Name
	Key   string
	// Close tells the app that the account $1 is closed, Reopen that it is not after all. Both
	// are one statement each, may be run again, and run with the rights of the erasing login.
	Close, Reopen string
}

// Reference is a soft reference.
type Reference struct {
	From      liveschema.Name
	Columns   []string
	To        liveschema.Name
	ToColumns []string
	Place     Place
}

// ObjectColumns are the columns of a table that name what is kept outside of it.
type ObjectColumns struct {
	Table liveschema.Name
	// Bucket and Object are the columns that name an object in Cloud Storage. With FixedBucket
	// every object is in that bucket, and Bucket is empty.
	Bucket, Object, FixedBucket string
	// LargeObject is the column that holds the number of a large object; then the others are empty.
	LargeObject string
	Place       Place
}

// AccountMark stands in a prefix where the account's key does, as the database writes it.
const AccountMark = "{account}"

// Prefix is where in Cloud Storage everything belongs to one account.
type Prefix struct {
	Bucket string
	// Text has one AccountMark with the Separator behind it, such as "accounts/{account}/".
	Text  string
	Place Place
}

// Head is what stands before the account's key.
func (p *Prefix) Head() string {
	head, _, _ := strings.Cut(p.Text, AccountMark)

	return head
}

// Separator is the character behind the account's key, which no key may hold: without one the prefix of account 47 would be
// that of 4711 too.
func (p *Prefix) Separator() string {
	_, tail, _ := strings.Cut(p.Text, AccountMark)
	_, size := utf8.DecodeRuneInString(tail)

	return tail[:size]
}

// Of is the prefix of one account.
func (p *Prefix) Of(key string) string { return strings.Replace(p.Text, AccountMark, key, 1) }

// Place is where in the file something was decided, both from 1.
type Place struct {
	Line, Column int
}

// Role says whose data a table holds, in the words of GDPR article 4 (7) and (8).
type Role string

// The roles. A person is looked for in all tables of the controller; in those of the
// processor only below the account of the customer who is the controller there.
const (
	Controller Role = "controller"
	Processor  Role = "processor"
)

// Rows is what becomes of a row that belongs to an erased subject.
type Rows string

// What becomes of rows: they go, or they stay with their personal columns overwritten.
const (
	Delete Rows = "delete"
	Keep   Rows = "keep"
)

// Table is what was decided about one table.
type Table struct {
	Name liveschema.Name
	// NotPersonal is the reason why the table belongs to no subject; then only it is set.
	NotPersonal string
	// Category groups tables for people and promises: company, billing, campaigns, collected …
	Category string
	Role     Role
	// Path are the columns of the foreign key, or of the soft reference, that leads to the
	// account: by way of the table that it names. Empty for the root, and for a table that no account owns.
	Path []string
	// Rows is what the erasure of an account does to its rows.
	Rows Rows
	// Follows are columns of other keys, each in the order of the key: a row goes with the row that they name too.
	// Every other key that names a row that goes is unlinked: its columns are made null.
	Follows [][]string
	// Person says how one person is found here, nil if none can be.
	Person  *Person
	Columns []Column
	// Export are the columns that an export shows to the subject, whatever an erasure does with them.
	Export []string
	// Known are what acts by itself on this table and that somebody looked at.
	Known Known
	// Guessed is what a scaffold guessed and nobody has confirmed yet; an erasure waits for it.
	Guessed Guessed
	Place   Place
}

// Known is what somebody looked at, and judged to be no obstacle.
type Known struct {
	// Triggers, by their names, do nothing that an erasure must know of, nor do the rewrite rules.
	Triggers []string
	Rules    bool
	// Checks are columns that a check names, and of which it accepts what they are overwritten with.
	Checks []string
}

// Guessed names the parts of a table's decision and the columns that are to be confirmed.
type Guessed struct {
	Parts   []Part
	Columns []string
}

// Part is a part of what is decided about a table, beside its columns.
type Part string

// The parts, as the keys of the file; PartAccount is said of the table where accounts begin.
const (
	PartCategory    Part = "category"
	PartRole        Part = "role"
	PartPath        Part = "path"
	PartRows        Part = "rows"
	PartFollows     Part = "follows"
	PartAccount     Part = "account"
	PartPerson      Part = "person"
	PartKnown       Part = "known"
	PartNotPersonal Part = "not_personal"
)

// Column finds what was decided about a column, false if nothing was.
func (t *Table) Column(name string) (Column, bool) {
	for _, column := range t.Columns {
		if column.Name == name {
			return column, true
		}
	}

	return Column{}, false
}

// Table finds what was decided about a table, nil if nothing was.
func (d *Database) Table(name liveschema.Name) *Table {
	for i := range d.Tables {
		if d.Tables[i].Name == name {
			return &d.Tables[i]
		}
	}

	return nil
}

// Database finds a database by its name in the policy, nil if the map has none.
func (m *Map) Database(name string) *Database {
	for i := range m.Databases {
		if m.Databases[i].Name == name {
			return &m.Databases[i]
		}
	}

	return nil
}

// Person says how the rows of one person are found in a table, and what becomes of them.
type Person struct {
	Matches []Match
	Rows    Rows
}

// Match compares a column with a typed identity of the person.
type Match struct {
	Identity Identity
	Column   string
	// JSON is the path of the value inside a JSON column, in SQL/JSON path language; empty for a plain column.
	JSON string
}

// Path is the JSON path that leads to each value: where it ends in an array, to its elements, and those of arrays in it. It changes
// nothing where it ends in another value.
func (m Match) Path() string { return m.JSON + "[*][*]" }

// Identity is a type of value that tells persons apart.
type Identity string

// The types of identities. Mail addresses are compared without case, phone numbers
// by their digits, the others exactly.
const (
	Email   Identity = "email"
	Phone   Identity = "phone"
	Visitor Identity = "visitor"
	User    Identity = "user"
)

// Decision is what was decided about a column.
type Decision string

// The decisions.
const (
	Erase       Decision = "erase"
	Retain      Decision = "retain"
	NotPersonal Decision = "not_personal"
)

// Strategy is how a column of a row that stays is erased.
type Strategy string

// The strategies.
const (
	WithRow   Strategy = ""
	Null      Strategy = "null"
	Fixed     Strategy = "fixed"
	KeyedHash Strategy = "keyed_hash"
)

// HashMark stands for the hash in the Value of a KeyedHash.
const HashMark = "{}"

// Column is what was decided about one column.
type Column struct {
	Name     string
	Decision Decision
	// Strategy says how it is erased where its row stays. A column whose row goes needs none.
	Strategy Strategy
	// Value is what a Fixed column holds afterwards, as PostgreSQL reads it. Of a KeyedHash it is the
	// text around the hash, which stands where HashMark is; empty means the hash alone.
	Value string
	// Basis and Until say why and for how long it is retained: the name of an exception that the policy publishes, and a
	// period of the policy's language.
	Basis, Until string
	// Place is where the column stands in the file.
	Place Place
}
