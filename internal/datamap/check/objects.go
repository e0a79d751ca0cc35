package check

import (
	"fmt"

	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// objects checks the columns that name what lies outside of tables, and looks for large
// objects that no column of the map names.
func (c *checker) objects(schema liveschema.Schema) {
	declared := map[liveschema.Name]map[string]bool{}

	for _, object := range c.decided.Objects {
		live, found := c.live[object.Table]
		if !found {
			c.wrong(object.Table, nil, object.Place, "objects are named by this table, and it is not there", "take it out of objects")

			continue
		}

		if table := c.decided.Table(object.Table); table != nil && table.NotPersonal != "" {
			c.wrong(object.Table, nil, object.Place, "objects are named by a table that belongs to no subject",
				"decide about the table's columns, or take it out of objects")
		}

		if declared[object.Table] == nil {
			declared[object.Table] = map[string]bool{}
		}

		declared[object.Table][object.LargeObject] = true
		c.objectColumns(live, object)
	}

	if schema.LargeObjects == 0 {
		return
	}

	for _, live := range schema.Tables {
		table := c.decided.Table(live.Name)
		if table == nil || table.NotPersonal != "" {
			continue
		}

		for _, column := range live.Columns {
			if column.Base == "oid" && !declared[live.Name][column.Name] {
				c.wrong(live.Name, []string{column.Name}, table.Place,
					fmt.Sprintf("column %s may name large objects, of which the database has some", column.Name),
					fmt.Sprintf("add under objects: {table: %s, large_object: %s}", datamap.WriteName(live.Name), column.Name))
			}
		}
	}

	if len(declared) == 0 {
		c.note(liveschema.Name{}, nil, datamap.Place{}, "the database has large objects, and no column of the map names them",
			"find out whose they are; add the columns that name them under objects")
	}
}

func (c *checker) objectColumns(live liveschema.Table, object datamap.ObjectColumns) {
	for _, one := range []struct {
		name, want string
		fits       func(liveschema.Column) bool
	}{
		{object.Bucket, "text", func(column liveschema.Column) bool { return column.Category == "S" }},
		{object.Object, "text", func(column liveschema.Column) bool { return column.Category == "S" }},
		{object.LargeObject, "oid", func(column liveschema.Column) bool { return column.Base == "oid" }},
	} {
		if one.name == "" {
			continue
		}

		switch column, found := live.Column(one.name); {
		case !found:
			c.wrong(object.Table, []string{one.name}, object.Place,
				fmt.Sprintf("objects are named by column %s, and there is no such column", one.name),
				"take it out of objects, or name it as it is called now")
		case !one.fits(column):
			c.wrong(object.Table, []string{one.name}, object.Place,
				fmt.Sprintf("objects are named by column %s, which is %s and not %s", one.name, column.Type, one.want),
				"name the column that holds them")
		}

		c.objectKept(object, one.name)
	}
}

// objectKept checks that the name of an object is not made a hash: it is read when its row goes, or loses it, and a hash would be
// written without.
func (c *checker) objectKept(object datamap.ObjectColumns, name string) {
	table := c.decided.Table(object.Table)
	if table == nil {
		return
	}

	if column, _ := table.Column(name); column.Strategy == datamap.KeyedHash {
		c.wrong(object.Table, []string{name}, column.Place,
			fmt.Sprintf("column %s names objects, and is made a keyed hash", name), `make it null or fixed: {column: `+name+`, "null": true}`)
	}
}
