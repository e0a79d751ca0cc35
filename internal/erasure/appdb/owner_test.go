package appdb_test

import (
	"net/url"
	"strings"
	"testing"

	"steward/internal/erasure/appdb"
	"steward/internal/failure"
	"steward/internal/ids"
	"steward/internal/postgres"
	"steward/internal/store"
)

// A partition may have another owner than its table: that is found by the plan, since it would be in the way once rows are gone.
func TestAPartitionOfAnotherOwnerIsRefused(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.leads (id bigint, firm bigint not null references a.firms, primary key (id, firm)) partition by list (firm);
		create table a.leads_1 partition of a.leads for values in (1); create table a.leads_2 partition of a.leads default;`, "",
		"      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {not_personal: [id, firm]}}\n", appdb.Options{})
	role := strings.ToLower(ids.New("t"))

	s.exec(t, "create role "+role+" login; grant usage on schema a to "+role+"; grant all on all tables in schema a to "+role+
		"; alter table a.firms owner to "+role+"; alter table a.leads owner to "+role+"; alter table a.leads_1 owner to "+role)

	of, done := s.as(t, role)

	if _, err := of.Plan(t.Context(), s.subject); !failure.Is(err, failure.StoreRefuses) || !strings.Contains(err.Error(), "a.leads_2") {
		t.Error(err)
	}

	s.exec(t, "alter table a.leads_2 owner to "+role)

	if _, err := of.Plan(t.Context(), s.subject); err != nil {
		t.Error(err)
	}

	done()
}

// So may a table from which another inherits: it is vacuumed, and sampled anew, though none of its own rows go.
func TestAParentOfAnotherOwnerIsRefused(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create schema b; create table b.papers (id bigint, body text); create table b.drafts () inherits (b.papers);
		create table a.scans (firm bigint not null references a.firms) inherits (b.drafts)`, "",
		"      a.scans: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [body], not_personal: [id, firm]}}\n"+
			"      b.papers: {not_personal: \"templates\"}\n      b.drafts: {not_personal: \"templates\"}\n", appdb.Options{})
	role := strings.ToLower(ids.New("t"))

	s.exec(t, "create role "+role+" login; grant usage on schema a, b to "+role+"; alter table a.firms owner to "+role+"; alter table a.scans owner to "+role+
		"; alter table b.papers owner to "+role)

	of, done := s.as(t, role)

	if _, err := of.Plan(t.Context(), s.subject); !failure.Is(err, failure.StoreRefuses) || !strings.Contains(err.Error(), "such as b.drafts)") ||
		!strings.Contains(err.Error(), "(1 tables") {
		t.Error(err)
	}

	s.exec(t, "alter table b.drafts owner to "+role)

	if _, err := of.Plan(t.Context(), s.subject); err != nil {
		t.Error(err)
	}

	done()
}

// A large object is unlinked by its owner alone: one of another is found by the plan, and only if it is the subject's.
func TestALargeObjectOfAnotherOwnerIsRefused(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.scans (id bigint primary key, firm bigint not null references a.firms, content oid);
		insert into a.scans values (1, 1, lo_from_bytea(4711, 'mine')), (2, 2, lo_from_bytea(4712, 'of another')), (3, 1, null)`,
		"    objects: [{table: a.scans, large_object: content}]\n",
		"      a.scans: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [content], not_personal: [id, firm]}}\n",
		appdb.Options{})
	role := strings.ToLower(ids.New("t"))

	s.exec(t, "create role "+role+" login; grant usage on schema a to "+role+"; alter table a.firms owner to "+role+"; alter table a.scans owner to "+role)

	of, done := s.as(t, role)

	if _, err := of.Plan(t.Context(), s.subject); !failure.Is(err, failure.StoreRefuses) ||
		!strings.Contains(err.Error(), "1 large objects, such as 4711") || !strings.Contains(err.Error(), "alter large object 4711 owner to "+role) {
		t.Error(err)
	}

	if err := of.Freeze(t.Context(), s.subject, s.frozen); !failure.Is(err, failure.StoreRefuses) {
		t.Error(err)
	}

	s.exec(t, "alter large object 4711 owner to "+role)

	if err := of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
		t.Error(err)
	}

	if outcome, err := of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil || outcome.Kind != store.Erased {
		t.Error(outcome, err)
	}

	done()
	s.clean(t)
}

// as gives the store as another login sees it, and what ends that login.
func (s *shop) as(t *testing.T, role string) (of *appdb.Store, done func()) {
	t.Helper()

	at, err := url.Parse(s.db.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}

	at.User = url.User(role)

	other, err := postgres.Open(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}

	return appdb.New(other, s.decided, appdb.Options{}), func() {
		other.Close()
		s.exec(t, "select pg_terminate_backend(pid, 10000) from pg_stat_activity where usename = '"+role+"'")
		s.exec(t, "reassign owned by "+role+" to current_user; drop owned by "+role+"; drop role "+role)
	}
}
