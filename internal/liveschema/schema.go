package liveschema

// Name is a table's name with its schema, as the catalogue holds them, not quoted.
type Name struct {
	Schema, Table string
}

// String is the name as people and the data map write it: schema.table, without quotes.
func (n Name) String() string { return n.Schema + "." + n.Table }

// SQL is the name as SQL writes it, with quotes.
func (n Name) SQL() string { return Quote(n.Schema) + "." + Quote(n.Table) }

// Schema is what one database holds, without what belongs to the system or to an
// extension. Tables are in the order of their names.
type Schema struct {
	// Database is the name under which the policy knows the database.
	Database string
	// Tables are the ordinary and partitioned tables, and the materialized views.
	Tables []Table
	// LargeObjects counts the large objects, which no table owns.
	LargeObjects int64
}

// Kind is what a table is.
type Kind string

// The kinds. A partition is not listed by itself: its rows are those of the table that
// it is a part of; its columns are too. A table that inherits in the old way is listed,
// with its parent.
const (
	Ordinary     Kind = "table"
	Partitioned  Kind = "partitioned"
	Materialized Kind = "materialized view"
	Foreign      Kind = "foreign table"
)

// Table is one table.
type Table struct {
	Name Name
	Kind Kind
	// OID is the table's number in this database, until it is made anew.
	OID     uint32
	Columns []Column
	// Primary are the columns of its primary key, none if it has no such key.
	Primary []string
	// Unique are the columns of its other unique keys that hold no null and no expression.
	Unique [][]string
	// Keys are its foreign keys. One that only a partition has is a key of the whole table here, as is
	// one that names a partition.
	Keys []ForeignKey
	// UniqueOver are the columns that each unique index or exclusion constraint looks at, in whatever
	// way: by themselves, in an expression or in its condition. The primary key's are among them, and
	// those of an index that only a partition has.
	UniqueOver [][]string
	// NullsAlike are those of UniqueOver for which two nulls are the same (NULLS NOT DISTINCT).
	NullsAlike [][]string
	// PartitionBy are the columns that decide in which partition a row lies, each once.
	PartitionBy []string
	// Indexes are the leading columns of each valid index without a condition that can look up
	// equal values (btree and hash), up to its first expression.
	Indexes [][]string
	// Unpopulated says of a materialized view that it was never computed: it holds nothing, and cannot be read.
	Unpopulated bool
	// Inherits are the tables whose rows it adds to, in the old way of inheritance.
	Inherits []Name
	// Partitions are the leaves of a partitioned table, in the order of their names.
	Partitions []Name
	// ForeignPartitions counts those leaves that lie on another server.
	ForeignPartitions int
	// Triggers are those of users that fire when a row is deleted or updated, those of its partitions too.
	Triggers []Trigger
	// Rules counts rewrite rules on delete or update.
	Rules int
	// RowSecurity says that policies hide rows, ForcedSecurity that they do from the owner too.
	RowSecurity, ForcedSecurity bool
	// Rows and Bytes are the estimates of the catalogue, without out-of-line values: Rows is -1
	// where it was never analysed, and of partitions those count that were.
	Rows, Bytes int64
}

// Column is one column.
type Column struct {
	Name string
	// Type is its type as SQL writes it, such as "character varying(40)"; Base is the
	// type below a domain, and Category the letter that pg_type gives it.
	Type, Base, Category string
	// Length is the most characters that it holds, 0 where there is no limit.
	Length int
	// NotNull is true too where the type is a domain that holds no null.
	NotNull bool
	// Generated columns are computed from others, Identity from a sequence.
	Generated, Identity bool
	// Checked says that a check names it, the table's, a partition's or that of its domain, or that it
	// decides in which partition a row lies.
	Checked bool
}

// Rule is what a foreign key does to its rows when the row that they name goes.
type Rule string

// The rules, as SQL calls them.
const (
	NoAction   Rule = "no action"
	Restrict   Rule = "restrict"
	Cascade    Rule = "cascade"
	SetNull    Rule = "set null"
	SetDefault Rule = "set default"
)

// ForeignKey says that columns of its table name a row of another, or of the same.
type ForeignKey struct {
	Name    string
	Columns []string
	// To and ToColumns are the table and the unique columns that are named, in the order of Columns.
	To        Name
	ToColumns []string
	OnDelete  Rule
	// Deferrable keys may be looked at when the transaction ends.
	Deferrable bool
	// MatchFull keys hold either no null or nothing but nulls.
	MatchFull bool
}

// Trigger is a function of the users that acts when rows change.
type Trigger struct {
	// Name is the trigger's, Function what it calls, as schema.function without quotes.
	Name, Function string
	// OnDelete and OnUpdate say for what it fires.
	OnDelete, OnUpdate bool
	// Enabled is false where it was switched off, or fires on replicas only.
	Enabled bool
}

// Table finds a table by its name, false if there is none.
func (s Schema) Table(name Name) (Table, bool) {
	for _, table := range s.Tables {
		if table.Name == name {
			return table, true
		}
	}
	return Table{}, false
}

// Column finds a column by its name, false if there is none.
func (t Table) Column(name string) (Column, bool) {
	for _, column := range t.Columns {
		if column.Name == name {
			return column, true
		}
	}
	return Column{}, false
}
