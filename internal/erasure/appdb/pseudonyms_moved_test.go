package appdb_test

import (
	"strings"
	"testing"

	"steward/internal/erasure/appdb"
)

// What was frozen stays frozen: a row that moved to somebody else since keeps what they wrote when the erasure is tried again.
func TestARowThatMovedAwayIsGivenNoPseudonym(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.tickets (id bigint primary key, firm bigint references a.firms, mail text);
		insert into a.tickets values (1, 1, 'ada@example.com'), (2, 1, 'eve@example.com')`, "",
		`      a.tickets: {category: support, role: controller, path: [firm], rows: keep, columns: {erase: [{column: mail, keyed_hash: true}], not_personal: [id, firm]},
        person: {match: [{identity: email, column: mail}], rows: keep}}
`, appdb.Options{PseudonymKey: []byte(strings.Repeat("k", 32))})
	s.subject = ada("1")
	s.erase(t)

	var gone string
	if err := s.db.QueryRow(t.Context(), "select mail from a.tickets where id = 1").Scan(&gone); err != nil || strings.Contains(gone, "@") {
		t.Fatalf("the first try gave no pseudonym: %v", err)
	}

	s.exec(t, "update a.tickets set firm = 2, mail = 'carol@example.com' where id = 1")

	if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
		t.Fatal(err)
	}

	var kept string
	if err := s.db.QueryRow(t.Context(), "select mail from a.tickets where id = 1").Scan(&kept); err != nil || kept != "carol@example.com" {
		t.Errorf("somebody else's address was overwritten: %q, %v", kept, err)
	}
}
