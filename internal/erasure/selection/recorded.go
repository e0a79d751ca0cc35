package selection

import (
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/liveschema"
)

// Objects is the session's table of objects in Cloud Storage whose names are recorded.
const Objects = "pg_temp.steward_objects"

// Record is a statement that puts the names of what rows hold outside of their table into a table of the session, and gives
// those that were not there.
type Record struct {
	SQL string
	// Set is the number of the set of large objects; of objects in Cloud Storage it is -1, and each row a bucket and a name.
	Set int
}

// Records gives, for rows that a job is about to do something to, a statement for each column that names what is outside of its
// table: of those rows, and where they are deleted of all that go with them by ON DELETE CASCADE. Seed selects the rows, as a
// table's number and a place.
func (s Selection) Records(job Job, seed string) (records []Record) {
	for _, object := range s.Objects {
		live, found := s.Schema.Table(object.Table)
		if !found || !s.loses(job, object) {
			continue
		}

		gone := "with recursive gone (rel, tid) as (" + seed + ") "
		if falls := s.falls(job, object.Table); falls != "" {
			gone = "with recursive gone (rel, tid) as (" + seed + " union " + falls + ") "
		}

		from := " from " + From(live) + " join gone as g on g.rel = t.tableoid and g.tid = t.ctid where "

		if object.LargeObject != "" {
			if set := s.numbers(object); set >= 0 {
				column := alias + "." + liveschema.Quote(object.LargeObject)
				records = append(records, Record{Set: set, SQL: gone + "insert into " + Table(set) + " select distinct " + column + ", 0" + from +
					column + " is not null on conflict do nothing returning array[" + name(0) + "::text]"})
			}

			continue
		}

		records = append(records, Record{Set: -1, SQL: gone + "insert into " + Objects + " select distinct " + bucketOf(object) + ", " +
			objectOf(object) + from + whole(object) + " on conflict do nothing returning array[bucket, object]"})
	}

	return records
}

// At is the seed of rows of one leaf, whose places are in $1.
func At(leaf liveschema.Name) string {
	return "select t.tableoid, t.ctid from only " + leaf.SQL() + " as t where t.ctid = any ($1)"
}

// Seed is that of all rows that a job would find.
func (j Job) Seed() string {
	return "select t.tableoid, t.ctid from " + From(j.Table) + " where (" + strings.Join(j.ways, " or ") + ")"
}

// Lock finds and locks the rows in one leaf, so many at most: from then on no row comes that names one of them by a foreign key.
func (j Job) Lock(leaf liveschema.Name) string {
	return "select t.ctid from only " + leaf.SQL() + " as t where (" + strings.Join(j.ways, " or ") + ") limit $1 for update"
}

// LockAt locks those of the rows at some places.
func (j Job) LockAt(leaf liveschema.Name) string {
	return "select t.ctid from only " + leaf.SQL() + " as t where " + atPlaces + " and (" + strings.Join(j.ways, " or ") + ") for update"
}

// Holding are the tables whose rows name objects and go with those of a job.
func (s Selection) Holding(job Job) (names []liveschema.Name) {
	for _, object := range s.Objects {
		if _, found := s.Schema.Table(object.Table); found && s.loses(job, object) && !slices.Contains(names, object.Table) {
			names = append(names, object.Table)
		}
	}

	return names
}

// loses says that a job takes the name of an object from the database.
func (s Selection) loses(job Job, object datamap.ObjectColumns) bool {
	if table, on := s.Route.Table(object.Table); on && object.Object != "" && retained(table, object) {
		return false
	}

	switch job.Action {
	case plan.DeleteRows:
		return object.Table == job.Table.Name || slices.Contains(s.above(object.Table), job.Table.Name)
	case plan.Overwrite:
		return object.Table == job.Table.Name && slices.ContainsFunc([]string{object.Bucket, object.Object, object.LargeObject},
			func(column string) bool { return slices.Contains(job.Columns, column) })
	default:
		return false
	}
}

// above are the tables with whose rows those of a table go by cascades.
func (s Selection) above(name liveschema.Name) (above []liveschema.Name) {
	next := []liveschema.Name{name}

	for len(next) > 0 {
		live, _ := s.Schema.Table(next[0])
		next = next[1:]

		for _, key := range live.Keys {
			if key.OnDelete == liveschema.Cascade && !slices.Contains(above, key.To) {
				above, next = append(above, key.To), append(next, key.To)
			}
		}
	}

	return above
}

// falls are the rows that go with those that are gone, one step further, on the ways that lead to a table. It is empty where
// none do.
func (s Selection) falls(job Job, to liveschema.Name) string {
	if job.Action != plan.DeleteRows {
		return ""
	}

	var steps []string

	for _, name := range append([]liveschema.Name{to}, s.above(to)...) {
		live, _ := s.Schema.Table(name)

		for _, key := range live.Keys {
			if key.OnDelete != liveschema.Cascade {
				continue
			}

			joins := []string{"p.tableoid = g.rel", "p.ctid = g.tid"}
			for i, column := range key.Columns {
				joins = append(joins, "t."+liveschema.Quote(column)+" = p."+liveschema.Quote(key.ToColumns[i]))
			}

			steps = append(steps, "select t.tableoid, t.ctid from "+From(live)+", "+key.To.SQL()+" as p where "+strings.Join(joins, " and "))
		}
	}

	if len(steps) == 0 {
		return ""
	}

	return "select n.rel, n.tid from gone as g cross join lateral (" + strings.Join(steps, " union all ") + ") as n (rel, tid)"
}

// numbers is the set of the large objects that a column names, -1 if there is none.
func (s Selection) numbers(object datamap.ObjectColumns) int {
	for i, set := range s.Route.Sets {
		if set.LargeObjects && set.Table == object.Table && slices.Equal(set.Columns, []string{object.LargeObject}) {
			return i
		}
	}

	return -1
}
