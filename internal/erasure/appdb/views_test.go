package appdb_test

import (
	"strings"
	"testing"

	"steward/internal/erasure/appdb"
	"steward/internal/erasure/plan"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/store"
)

// viewed is a shop whose leads are seen through a view, a plain view over it, and a view over that, whose name comes first.
func viewed(t *testing.T) *shop {
	t.Helper()

	return newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms, mail text);
		insert into a.leads values (1, 1, 'ada@example.com'), (2, 2, 'bob@example.com'), (3, 2, 'ada@example.com');
		create materialized view a.z as select id, firm, mail from a.leads;
		create view a.m as select id, firm, mail from a.z;
		create materialized view a.b as select id, firm, mail from a.m;
		create unique index on a.b (id);
		create materialized view a.unread as select id, firm, mail from a.leads with no data`,
		`    references:
      - {from: a.z, columns: [firm], to: a.firms, key: [id]}
      - {from: a.b, columns: [firm], to: a.firms, key: [id]}
      - {from: a.unread, columns: [firm], to: a.firms, key: [id]}
      - {from: a.b, columns: [id], to: a.leads, key: [id]}
`, `      a.leads: {category: collected, role: processor, path: [firm], rows: delete, person: {match: [{identity: email, column: mail}], rows: delete}, columns: {erase: [mail], not_personal: [id, firm]}}
      a.z: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [id, firm]}}
      a.b: {category: collected, role: processor, path: [firm], rows: delete, person: {match: [{identity: email, column: mail}], rows: delete}, columns: {erase: [mail], not_personal: [id, firm]}}
      a.unread: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [id, firm]}}
`, appdb.Options{})
}

// What is computed from what is computed from rows is computed after it.
func TestAViewOverAViewIsComputedAfterIt(t *testing.T) {
	t.Parallel()

	s := viewed(t)
	s.erase(t)
	s.clean(t)

	for _, view := range []string{"a.z", "a.b"} {
		s.holds(t, "(2,2,bob@example.com) (3,2,ada@example.com)", view)
	}
}

// Verify looks into what is computed from rows: for the account, for keys that are gone, for a person.
func TestVerifyLooksIntoViews(t *testing.T) {
	t.Parallel()

	const back = "set session_replication_role = replica; insert into a.leads values (1, 1, 'ada@example.com'); set session_replication_role = origin; "

	for name, c := range map[string]struct {
		subject store.Subject
		stale   string // the view that keeps what its base no longer has
		want    string
	}{
		"an account":         {store.Subject{Erasure: "era_view", Kind: plan.Account, Account: "1"}, "refresh materialized view a.z", "a.z: the account's own"},
		"a key that is gone": {store.Subject{Erasure: "era_view", Kind: plan.Account, Account: "1"}, "refresh materialized view a.z; refresh materialized view a.b", "a.b (id): names a frozen key"},
		"a person of a firm": {ada("1"), "refresh materialized view a.z; refresh materialized view a.b", "a.b.mail: identity"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			s := viewed(t)
			s.subject = c.subject
			s.erase(t)
			s.clean(t)
			s.exec(t, back+c.stale+"; delete from a.leads where id = 1")

			left, err := s.of.Verify(t.Context(), s.subject, s.frozen)
			if err != nil || !strings.Contains(told(left), c.want) {
				t.Errorf("%s %v, want %s", told(left), err, c.want)
			}

			if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
				t.Fatal(err)
			}

			s.clean(t)
		})
	}
}

// ada is a person of one firm.
func ada(firm string) store.Subject {
	return store.Subject{
		Erasure: "era_ada", Kind: plan.Person, Account: firm, Identities: map[string][]string{"email": {"ada@example.com"}},
	}
}

// told are remainders as one text.
func told(left []store.Remainder) string {
	texts := make([]string, len(left))
	for i, one := range left {
		texts[i] = one.Place + ": " + one.Why
	}

	return strings.Join(texts, ", ")
}

// A view that its owner can no longer compute is refused before anything is closed.
func TestAViewWhoseOwnerMayNotReadIsRefused(t *testing.T) {
	t.Parallel()

	s := viewed(t)
	role := strings.ToLower(ids.New("t"))
	s.exec(t, "create role "+role+"; grant usage, create on schema a to "+role+"; alter materialized view a.z owner to "+role)

	if _, err := s.of.Plan(t.Context(), s.subject); !failure.Is(err, failure.StoreRefuses) || !strings.Contains(err.Error(), "owner of a view") {
		t.Error(err)
	}
}
