package datamap

import "steward/internal/strictyaml"

// file is a data map as it stands in the file.
type file struct {
	version int
	list    []database
}

// database is a section databases[].
type database struct {
	Database

	tables []table
}

// table is one entry of tables. What may be absent is told apart from what was left out by mistake later.
type table struct {
	Table

	columns columns
	written bool // the section columns stands there
}

// columns is a section columns.
type columns struct {
	erase       []erased
	retain      []retained
	notPersonal []Column
}

// erased is a column with its strategy: one of three, or none where the row goes.
type erased struct {
	Column

	null         bool
	fixed, keyed *string
}

// retained is a group of columns that are kept on one basis.
type retained struct {
	names        []Column
	basis, until string
}

// StandsAt records where the reference stands in the file.
func (r *Reference) StandsAt(where strictyaml.Place) { r.Place = placeOf(where) }

// StandsAt records where the columns stand in the file.
func (o *ObjectColumns) StandsAt(where strictyaml.Place) { o.Place = placeOf(where) }

// StandsAt records where the prefix stands in the file.
func (p *Prefix) StandsAt(where strictyaml.Place) { p.Place = placeOf(where) }

// StandsAt records where the table stands in the file.
func (t *Table) StandsAt(where strictyaml.Place) { t.Place = placeOf(where) }

// StandsAt records where the column stands in the file.
func (c *Column) StandsAt(where strictyaml.Place) { c.Place = placeOf(where) }

func placeOf(where strictyaml.Place) Place {
	return Place{Line: where.Line, Column: where.Column}
}

// databases gives what was read, in the words of the rest.
func (f *file) databases() []Database {
	all := make([]Database, 0, len(f.list))

	for _, read := range f.list {
		for _, table := range read.tables {
			table.Columns = table.columns.decided()
			read.Tables = append(read.Tables, table.Table)
		}

		all = append(all, read.Database)
	}

	return all
}

// decided gives each column with its decision, in the order of the file.
func (c columns) decided() []Column {
	var all []Column

	for _, column := range c.erase {
		all = append(all, column.decided())
	}

	for _, group := range c.retain {
		for _, column := range group.names {
			column.Decision, column.Basis, column.Until = Retain, group.basis, group.until
			all = append(all, column)
		}
	}

	for _, column := range c.notPersonal {
		column.Decision = NotPersonal
		all = append(all, column)
	}

	return all
}

func (e erased) decided() Column {
	column := e.Column
	column.Decision = Erase

	switch {
	case e.null:
		column.Strategy = Null
	case e.keyed != nil:
		column.Strategy, column.Value = KeyedHash, *e.keyed
	case e.fixed != nil:
		column.Strategy, column.Value = Fixed, *e.fixed
	}

	return column
}
