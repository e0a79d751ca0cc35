package appdb_test

import "testing"

// A large object whose row comes late and goes by a cascade is recorded, and unlinked; so is one whose row comes before
// the same statement deletes it.
func TestALargeObjectThatGoesByACascade(t *testing.T) {
	t.Parallel()

	var s *shop

	given := during(2, func() {
		s.exec(t, "insert into a.scans values (1, 1, lo_from_bytea(0, 'late')), (2, null, lo_from_bytea(0, 'of nobody'))")
	})
	s = newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms, parent bigint references a.leads on delete cascade);
		create table a.scans (id bigint primary key, lead bigint references a.leads on delete cascade, content oid);
		insert into a.leads values (1, 1, 1), (2, 2, 2)`,
		"    objects: [{table: a.scans, large_object: content}]\n",
		`      a.leads: {category: collected, role: processor, path: [firm], follows: [[parent]], rows: delete, columns: {not_personal: [id, firm, parent]}}
      a.scans: {category: collected, role: processor, path: [lead], rows: delete, columns: {erase: [content], not_personal: [id, lead]}}
`, given)
	s.erase(t)
	s.clean(t)
	s.holds(t, "(2,2,2)", "a.leads")

	var left string
	if err := s.db.QueryRow(t.Context(), "select string_agg(convert_from(lo_get(oid), 'utf8'), ' ') from pg_largeobject_metadata").Scan(&left); err != nil {
		t.Fatal(err)
	}

	if left != "of nobody" {
		t.Error(left)
	}
}
