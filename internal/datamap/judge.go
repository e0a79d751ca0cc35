package datamap

import (
	"fmt"
	"strings"

	"steward/internal/strictyaml"
)

// judge finds what no single value can show, without any schema.
func judge(r *strictyaml.Reader, read *file) {
	names := map[string]bool{}

	for i, database := range read.list {
		path := fmt.Sprintf("databases[%d]", i)

		if names[database.Name] {
			refuse(r, path+".name", "give each database once", "the database stands twice")
		}

		names[database.Name] = true

		for n, reference := range database.References {
			if len(reference.Columns) != len(reference.ToColumns) {
				refuse(r, fmt.Sprintf("%s.references[%d]", path, n), "name as many columns as the key has",
					"columns and key are not of the same length")
			}
		}

		for n := range database.Objects {
			judgeObject(r, fmt.Sprintf("%s.objects[%d]", path, n), &database.Objects[n])
		}

		for n, prefix := range database.Prefixes {
			judgePrefix(r, fmt.Sprintf("%s.prefixes[%d]", path, n), prefix, read.list)
		}

		for n := range database.tables {
			table := &database.tables[n]
			judgeTable(r, path+".tables."+WriteName(table.Name), table, table.Name == database.Account.Table)
		}
	}
}

// refuse records a problem at a path, if nothing else is wrong there.
func refuse(r *strictyaml.Reader, path, remedy, message string) {
	if where, found := r.Place(path); found && r.Sound(path) {
		r.Sayf(where, remedy, "%s", message)
	}
}

func judgeObject(r *strictyaml.Reader, path string, object *ObjectColumns) {
	inBucket := object.Object != "" && (object.Bucket == "") != (object.FixedBucket == "") && object.LargeObject == ""
	large := object.LargeObject != "" && object.Object == "" && object.Bucket == "" && object.FixedBucket == ""

	if !inBucket && !large {
		refuse(r, path, "write object: and bucket: (or fixed_bucket:), or large_object: alone", "it does not say where the object lies")
	}
}

// judgePrefix refuses a prefix that may lie within another one's: below "a/{account}/", "a/7/{account}/" is account 7's too.
func judgePrefix(r *strictyaml.Reader, path string, prefix Prefix, all []database) {
	for _, database := range all {
		for _, other := range database.Prefixes {
			read := prefix.Text != "" && other.Text != "" && prefix.Bucket == other.Bucket
			if read && prefix.Head() != other.Head() && strings.HasPrefix(prefix.Head(), other.Head()) {
				refuse(r, path+".prefix", "begin both alike up to {account}, or leave the longer one out",
					"what lies here may lie below "+other.Text+" of another account")

				return
			}
		}
	}
}

// sayf records a problem of a table where it stands.
func sayf(r *strictyaml.Reader, at Place, table *table, remedy, format string, args ...any) {
	r.Sayf(strictyaml.Place{Path: WriteName(table.Name), Line: at.Line, Column: at.Column}, remedy, format, args...)
}

func judgeTable(r *strictyaml.Reader, path string, table *table, root bool) {
	if table.NotPersonal != "" {
		judgeNotPersonal(r, table, root)

		return
	}

	owned := root || len(table.Path) > 0

	for _, key := range []struct {
		missing   bool
		key, form string
	}{
		{table.Category == "", "category", "collected"},
		{table.Role == "", "role", "controller or processor"},
		{table.Rows == "" && owned, "rows", "delete or keep"},
		{table.Person == nil && !owned, "path", "with the columns of the key that leads to the account; or person"},
		{!table.written, "columns", "with every column under erase, retain or not_personal"},
	} {
		// One that stands there with another mistake is not missing.
		if _, written := r.Place(path + "." + key.key); key.missing && !written {
			sayf(r, table.Place, table, fmt.Sprintf("add %s: %s; or not_personal: with the reason", key.key, key.form),
				"the key %s is missing", key.key)
		}
	}

	if table.Rows != "" && !owned {
		sayf(r, table.Place, table, "remove rows, or add the path", "no account owns the table, so that none's erasure touches its rows")
	}

	if root && len(table.Path) > 0 {
		sayf(r, table.Place, table, "remove path", "the account's own table leads nowhere")
	}

	judgeColumns(r, table)
}

func judgeNotPersonal(r *strictyaml.Reader, table *table, root bool) {
	if root {
		sayf(r, table.Place, table, "decide about its columns", "the account's own table belongs to a subject")
	}

	if table.Category != "" || table.Role != "" || table.Path != nil || table.Rows != "" || table.Follows != nil || table.Person != nil ||
		table.written || table.Export != nil || table.Known.Rules || table.Known.Triggers != nil || table.Known.Checks != nil {
		sayf(r, table.Place, table, "remove not_personal, or everything else but guessed",
			"a table that belongs to no subject has no other decision")
	}
}

// judgeColumns looks for columns that are decided twice, and for decisions that do not go with what becomes of the rows.
func judgeColumns(r *strictyaml.Reader, table *table) {
	stays := table.Rows == Keep || table.Person != nil && table.Person.Rows == Keep
	seen := map[string]bool{}

	for _, column := range table.columns.erase {
		written := 0

		for _, one := range []bool{column.null, column.keyed != nil, column.fixed != nil} {
			if one {
				written++
			}
		}

		if written > 1 {
			sayf(r, column.Place, table, "leave one of null, fixed and keyed_hash", "the column %s has %d strategies", column.Name, written)
		}
	}

	for _, column := range table.columns.decided() {
		if column.Name != "" && seen[column.Name] {
			sayf(r, column.Place, table, "leave it once", "the column %s stands twice", column.Name)
		}

		seen[column.Name] = true

		if column.Decision == Retain && !stays {
			sayf(r, column.Place, table, "write rows: keep, or erase the column", "the column %s cannot be retained where its row goes", column.Name)
		}
	}
}
