package selection

import (
	"slices"
	"strings"

	"steward/internal/datamap"
	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// Named gives, for each column of the route that names objects in Cloud Storage, a statement of two columns: the
// bucket and the name of each object of the subject. One that a row of somebody else names too is that one's, and one
// that a column names which is retained stays as long as the column does.
func (s Selection) Named() (statements []string) {
	for _, object := range s.Route.Objects {
		table, found := s.Route.Table(object.Table)
		if !found || object.Object == "" || retained(table, object) {
			continue
		}

		parts := []string{}
		for _, way := range s.ways(table) {
			parts = append(parts,
				"select "+bucketOf(object)+", "+objectOf(object)+" from "+From(table.Live)+" where "+whole(object)+" and "+way)
		}

		statements = append(statements,
			"select f.bucket, f.object from ("+strings.Join(parts, " union ")+") as f (bucket, object) where "+s.nobodyElse())
	}

	return statements
}

// nobodyElse says that no row which does not belong names the object f, and none that retains its name.
func (s Selection) nobodyElse() string {
	conditions := []string{always}

	for _, object := range s.Objects {
		live, found := s.Schema.Table(object.Table)
		if !found || object.Object == "" {
			continue
		}

		others := ""
		if table, on := s.Route.Table(object.Table); on && !retained(table, object) {
			others = " and not coalesce(" + strings.Join(s.ways(table), " or ") + ", false)"
		}

		conditions = append(conditions, "not exists (select from "+From(live)+" where "+bucketOf(object)+" = f.bucket and "+
			objectOf(object)+" = f.object"+others+")")
	}

	return strings.Join(conditions, " and ")
}

// retained says that the rows of a table keep the name of their object on a published basis, and with it the object.
func retained(table route.Table, object datamap.ObjectColumns) bool {
	return slices.ContainsFunc(table.Retains, func(retain route.Retain) bool { return retain.Column == object.Object })
}

// StillAlone gives the statement of those objects, buckets in $1 and names in $2, that no row of somebody else names.
func (s Selection) StillAlone() string {
	return "select f.bucket, f.object from unnest($1::text[], $2::text[]) as f (bucket, object) where " + s.nobodyElse()
}

// Buckets gives, for each column that names objects, a statement of the buckets that any row names.
func (s Selection) Buckets() (statements []string) {
	for _, object := range s.Objects {
		if live, found := s.Schema.Table(object.Table); found && object.Object != "" {
			statements = append(statements, "select distinct "+bucketOf(object)+" from "+From(live)+" where "+whole(object))
		}
	}

	return statements
}

func bucketOf(object datamap.ObjectColumns) string {
	if object.FixedBucket != "" {
		return literal(object.FixedBucket) + "::text"
	}

	return alias + "." + liveschema.Quote(object.Bucket) + "::text"
}

func objectOf(object datamap.ObjectColumns) string {
	return alias + "." + liveschema.Quote(object.Object) + "::text"
}

// whole says that a row names an object at all.
func whole(object datamap.ObjectColumns) string {
	return bucketOf(object) + " <> '' and " + objectOf(object) + " <> ''"
}
