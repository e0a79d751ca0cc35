package selection

import (
	"fmt"
	"strings"

	"steward/internal/erasure/route"
	"steward/internal/liveschema"
)

// Pseudonyms are the statements that read a column of rows by their own key, one array of texts for each column
// of it, and that write it: the key's arrays, then one of the new values. What was frozen stays frozen while rows move, so a
// row is read, and locked, only where it is the subject's even now; what is written is what was read in the same transaction.
func (s Selection) Pseudonyms(table route.Table, column route.Overwrite) (read, write string) {
	quoted := alias + "." + liveschema.Quote(column.Column)
	keys, joins, names, arrays := []string{}, []string{}, []string{}, []string{}

	for i, key := range table.Own.Columns {
		keys = append(keys, alias+"."+liveschema.Quote(key)+"::text")
		joins = append(joins, alias+"."+liveschema.Quote(key)+" = k."+name(i)+"::"+s.typeOf(table.Name, key))
		names = append(names, name(i))
		arrays = append(arrays, fmt.Sprintf("$%d::text[]", i+1))
	}

	ours := " and " + s.InOwnSet(*table.Own)
	if still := s.still(table); still != always {
		ours += " and coalesce(" + still + ", false)"
	}

	read = "select array[" + strings.Join(append(keys, quoted+"::text"), ", ") + "] from " + From(table.Live) + ", unnest(" +
		strings.Join(arrays, ", ") + ") as k (" + strings.Join(names, ", ") + ") where " + strings.Join(joins, " and ") +
		" and " + quoted + " is not null" + ours + " for update of " + alias

	arrays = append(arrays, fmt.Sprintf("$%d::text[]", len(arrays)+1))
	names = append(names, "value")

	write = "update " + From(table.Live) + " set " + liveschema.Quote(column.Column) + " = k.value::" + column.Type + " from unnest(" +
		strings.Join(arrays, ", ") + ") as k (" + strings.Join(names, ", ") + ") where " + strings.Join(joins, " and ")

	return read, write
}

// LargeObjects unlinks the large objects of the i-th set that no row names any more, so many at most.
func (s Selection) LargeObjects(i int) string {
	conditions := []string{always}

	for _, object := range s.Objects {
		if live, found := s.Schema.Table(object.Table); found && object.LargeObject != "" {
			conditions = append(conditions,
				"not exists (select from "+From(live)+" where "+alias+"."+liveschema.Quote(object.LargeObject)+" = m.oid)")
		}
	}

	return "select count(lo_unlink(oid)) from (select m.oid from pg_catalog.pg_largeobject_metadata as m join " + Table(i) +
		" as k on k." + name(0) + " = m.oid where " + strings.Join(conditions, " and ") + " limit $1) as gone"
}

// NotOwned says of how many large objects of the i-th set the login is not the owner, an example of them, and the name of
// the login as SQL writes it. The server lets the owner alone unlink one, unless it is told to be as it was before version 9.0.
func (s Selection) NotOwned(i int) string {
	return "select count(*), coalesce(min(m.oid::bigint), 0), pg_catalog.quote_ident(current_user)" +
		" from pg_catalog.pg_largeobject_metadata as m join " + Table(i) + " as k on k." + name(0) + " = m.oid" +
		" where not pg_catalog.pg_has_role(m.lomowner, 'usage') and not pg_catalog.current_setting('lo_compat_privileges')::boolean"
}
