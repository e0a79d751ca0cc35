package datamap

import (
	"steward/internal/liveschema"
	"steward/internal/strictyaml"
)

// maxStatement bounds the statements that close and reopen an account.
const maxStatement = 2000

func fileShape() strictyaml.Shape[file] {
	return strictyaml.Shape[file]{
		strictyaml.Leaf("version", "The version of this format.", strictyaml.Version(), func(f *file) *int { return &f.version }),
		strictyaml.List("databases", "What was decided about each database of the company.",
			databaseShape(), func(f *file) *[]database { return &f.list }),
	}
}

func databaseShape() strictyaml.Shape[database] {
	return strictyaml.Shape[database]{
		strictyaml.Leaf("name", "Its name in the policy, under promises.backups.databases.",
			databaseKind(), func(d *database) *string { return &d.Name }),
		strictyaml.Section("account", "Where an account begins.", rootShape(), func(d *database) *Root { return &d.Account }),
		strictyaml.Optional(strictyaml.List("references", "Columns that name a row of another table without a foreign key.",
			referenceShape(), func(d *database) *[]Reference { return &d.References })),
		strictyaml.Optional(strictyaml.List("objects",
			"Columns that name what lies outside of the table: an object in Cloud Storage, or a large object.",
			objectShape(), func(d *database) *[]ObjectColumns { return &d.Objects })),
		strictyaml.Optional(strictyaml.List("prefixes",
			"Where in Cloud Storage everything belongs to one account, whether a row names it or not.",
			prefixShape(), func(d *database) *[]Prefix { return &d.Prefixes })),
		strictyaml.Entries("tables", "Every table that the database has, but partitions.",
			tableKind(), func(t *table) *liveschema.Name { return &t.Name }, tableShape(), func(d *database) *[]table { return &d.tables }),
	}
}

func rootShape() strictyaml.Shape[Root] {
	return strictyaml.Shape[Root]{
		strictyaml.Leaf("table", "The table of which each row is an account.", tableKind(), func(r *Root) *liveschema.Name { return &r.Table }),
		strictyaml.Leaf("key", "The column that tells accounts apart.", columnKind(), func(r *Root) *string { return &r.Key }),
		strictyaml.Leaf("close", "One statement that tells the app that account $1 is closed; may be run again.",
			statementKind(), func(r *Root) *string { return &r.Close }),
		strictyaml.Leaf("reopen", "One statement that tells the app that account $1 is not closed after all; may be run again.",
			statementKind(), func(r *Root) *string { return &r.Reopen }),
	}
}

func referenceShape() strictyaml.Shape[Reference] {
	return strictyaml.Shape[Reference]{
		strictyaml.Leaf("from", "The table that names.", tableKind(), func(r *Reference) *liveschema.Name { return &r.From }),
		strictyaml.ListOf("columns", "Its columns.", name(), func(r *Reference) *[]string { return &r.Columns }),
		strictyaml.Leaf("to", "The table that is named.", tableKind(), func(r *Reference) *liveschema.Name { return &r.To }),
		strictyaml.ListOf("key", "Its columns, in the same order.", name(), func(r *Reference) *[]string { return &r.ToColumns }),
	}
}

func objectShape() strictyaml.Shape[ObjectColumns] {
	return strictyaml.Shape[ObjectColumns]{
		strictyaml.Leaf("table", "The table that names.", tableKind(), func(o *ObjectColumns) *liveschema.Name { return &o.Table }),
		strictyaml.Optional(strictyaml.Leaf("bucket", "The column that holds the bucket.",
			columnKind(), func(o *ObjectColumns) *string { return &o.Bucket })),
		strictyaml.Optional(strictyaml.Leaf("fixed_bucket", "The bucket in which all of them lie, instead of a column.",
			bucketKind(), func(o *ObjectColumns) *string { return &o.FixedBucket })),
		strictyaml.Optional(strictyaml.Leaf("object", "The column that holds the object's name.",
			columnKind(), func(o *ObjectColumns) *string { return &o.Object })),
		strictyaml.Optional(strictyaml.Leaf("large_object", "The column that holds the number of a large object; it stands alone.",
			columnKind(), func(o *ObjectColumns) *string { return &o.LargeObject })),
	}
}

func prefixShape() strictyaml.Shape[Prefix] {
	return strictyaml.Shape[Prefix]{
		strictyaml.Leaf("bucket", "The bucket.", bucketKind(), func(p *Prefix) *string { return &p.Bucket }),
		strictyaml.Leaf("prefix", "How the names of an account's objects begin, with its key as the database writes it.",
			prefixKind(), func(p *Prefix) *string { return &p.Text }),
	}
}

// name is an item that is the name of a column.
func name() strictyaml.Item[string] { return strictyaml.Value(columnKind()) }
