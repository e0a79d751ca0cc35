package selection

import (
	"steward/internal/datamap"
	"steward/internal/liveschema"
)

// AccountKey gives the account's key as the database writes it, and whether the key of another account begins with it and one of
// the texts $1. Without a row of it, its key is what its column makes of it.
func (s Selection) AccountKey(root datamap.Root) string {
	live, _ := s.Schema.Table(root.Table)
	text := alias + "." + liveschema.Quote(root.Key) + "::text collate \"C\"" // by its bytes: what lies outside knows no collation

	row := "select " + text + " from " + From(live) + " where " + s.account(root.Table, root.Key, alias)
	given := "select (value::" + s.typeOf(root.Table, root.Key) + ")::text collate \"C\" from " + Subject +
		" where kind = '" + AccountKind + "'"

	return "select k.key, exists (select from " + From(live) + ", unnest($1::text[]) as e (ending) where " +
		text + " <> k.key and starts_with(" + text + ", k.key || e.ending)) from (select coalesce((" + row + "), (" + given + ")) as key) as k"
}
