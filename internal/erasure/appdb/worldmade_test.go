package appdb_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"steward/internal/liveschema"
	"steward/internal/postgres"
)

// install makes the schema with its rows in an empty database.
func (w *world) install(ctx context.Context, db *postgres.DB) error {
	text := &strings.Builder{}
	write := func(format string, args ...any) { fmt.Fprintf(text, format, args...) }

	write("drop schema if exists w cascade; create schema w;")

	for i, table := range w.tables {
		w.create(write, i)

		for _, row := range table.data {
			write("insert into w.%q (%s) values (%s, %s", table.name, table.all(), w.key(0, row.tenant), w.key(i, row.id))

			for k, named := range row.names {
				write(", %s", w.key(table.keys[k].to, named))
			}

			write(", %s);", strings.Join(row.values, ", "))
		}
	}

	for _, table := range w.tables {
		for k, key := range table.keys {
			from, to := w.columns(table, k)
			write("alter table w.%q add foreign key (%s) references w.%q (%s) on delete %s %s;", table.name, strings.Join(from, ", "),
				w.tables[key.to].name, strings.Join(to, ", "), key.rule, map[bool]string{true: "deferrable initially deferred"}[key.deferrable])
		}
	}

	_, err := db.Exec(ctx, text.String())

	return err
}

// all are the names of a table's columns. What inherits has those of its parent first.
func (t *wtable) all() string {
	names := []string{"tenant", "id"}

	for _, key := range t.keys {
		names = append(names, key.column)
	}

	for _, column := range t.columns {
		names = append(names, strconv.Quote(column.name))
	}

	return strings.Join(names, ", ")
}

// create makes one table with its parts.
func (w *world) create(write func(format string, args ...any), i int) {
	table := w.tables[i]
	kinds := map[bool]string{true: "text", false: "int"}
	null := map[bool]string{true: "", false: " not null"}

	write("create table w.%q (tenant %s not null, id %s not null", table.name, kinds[w.tables[0].text], kinds[table.text])

	for _, key := range table.keys {
		write(", %s %s%s", key.column, kinds[w.tables[key.to].text], null[key.nullable])
	}

	for _, column := range table.columns {
		kind := column.kind
		if table.heir >= 0 { // how a column is computed is inherited, and may not be said again
			kind, _, _ = strings.Cut(kind, " ")
		}

		write(", %q %s%s", column.name, kind, null[!column.required])
	}

	switch {
	case strings.HasSuffix(table.parts, "(tenant)"):
		write(", primary key (tenant, id))")
	case w.tenants:
		write(", primary key (tenant, id), unique (id))")
	default:
		write(", primary key (id), unique (tenant, id))")
	}

	if table.heir >= 0 {
		write(" inherits (w.%q)", w.tables[table.heir].name)
	}

	w.split(write, i)
}

// split makes the parts of a table: two by a range or a list, or by a hash, or a hash below a range.
func (w *world) split(write func(format string, args ...any), i int) {
	table := w.tables[i]
	how, by, _ := strings.Cut(table.parts, " ")
	at := w.key(i, 100*i+3)

	if by == "(tenant)" {
		at = w.key(0, 2)
	}

	part := func(number int, of, more string) {
		write(" create table w.%q partition of %s %s;", fmt.Sprintf("%s part %d", table.name, number), of, more)
	}
	halves := func(of string, first int, upper, lower string) {
		write(" partition by hash %s;", by)
		part(first, of, upper)
		part(first+1, of, lower)
	}
	whole := w.name(i).SQL()

	switch how {
	case "":
		write(";")
	case "range":
		write(" partition by range %s;", by)
		part(0, whole, "for values from (minvalue) to ("+at+")")
		part(1, whole, "for values from ("+at+") to (maxvalue)")
	case "list":
		write(" partition by list %s;", by)
		part(0, whole, "for values in ("+at+")")
		part(1, whole, "default")
	case "hash":
		halves(whole, 0, "for values with (modulus 2, remainder 0)", "for values with (modulus 2, remainder 1)")
	case "deep":
		write(" partition by range %s;", by)
		part(0, whole, "for values from (minvalue) to ("+at+")")
		write(" create table w.%q partition of %s default", table.name+" rest", whole)
		halves(liveschema.Name{Schema: "w", Table: table.name + " rest"}.SQL(), 1,
			"for values with (modulus 2, remainder 0)", "for values with (modulus 2, remainder 1)")
	}
}
