package appdb_test

import (
	"testing"

	"steward/internal/erasure/appdb"
)

// A person is found by an identity in a json column, whatever else stands there that jsonb refuses: in their row, and in others'.
func TestAPersonInJSONThatIsNoJSONB(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.notes (id bigint primary key, firm bigint references a.firms, body json);
		insert into a.notes values
			(1, 1, '{"mail": "ada@example.com", "x": "\u0000\u0000"}'),
			(2, 1, '{"mail": "\u0061da@example.com", "x": ["\ud83d", "\ude00\ud83d\ude00", "\\\ud83d"]}'),
			(3, 1, '{"x": 1e400000, "y": [-2.5E+40000,3], "mail": "Ada@example.com"}'),
			(4, 1, '{"mail": "ada@example.com\u0000"}'),
			(5, 1, '{"mail": "bob@example.com", "x": "\ud83d\ude00 \\u0000 \\\\u0000 1e400000"}'),
			(6, 1, '{"mail": "\\u0061da@example.com"}')`, "",
		`      a.notes: {category: support, role: controller, path: [firm], rows: delete, person: {match: [{identity: email, column: body, json: $.mail}], rows: delete}, columns: {erase: [body], not_personal: [id, firm]}}
`, appdb.Options{})
	s.subject = ada("1")

	if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
		t.Fatal(err)
	}

	if left, err := s.of.Verify(t.Context(), s.subject, s.frozen); err != nil || told(left) != "a.notes.body: identity" {
		t.Error(told(left), err)
	}

	s.erase(t)
	s.clean(t)

	var ids string
	if err := s.db.QueryRow(t.Context(), "select string_agg(id::text, ' ' order by id) from a.notes").Scan(&ids); err != nil || ids != "4 5 6" {
		t.Error(ids, err)
	}
}
