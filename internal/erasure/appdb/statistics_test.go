package appdb_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"steward/internal/erasure/appdb"
	"steward/internal/ids"
	"steward/internal/postgres"
)

// known are tables of which the server knows values by heart: one that an erasure of the first firm empties, one that it does not,
// one of two partitions of which it empties one, and one that inherits from another. The keys are too few for the server to
// keep them, but for what is said of all.
func known(t *testing.T) *shop {
	t.Helper()

	return newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms,
			mail text collate "C" not null check (mail <> ''), note text);
		alter table a.leads alter note set storage external;
		create index lower_mail on a.leads (lower(mail));
		create statistics a.both (mcv) on firm, mail from a.leads;
		create statistics a.written on (upper(mail)), firm from a.leads;
		insert into a.leads select i, 1, 'ada@example.com', 'x' from generate_series(1, 50) as i;
		create table a.visits (firm bigint not null references a.firms, mail text) partition by list (firm);
		create table a.visits_1 partition of a.visits for values in (1);
		create table a.visits_2 partition of a.visits for values in (2);
		insert into a.visits select 1 + i % 2, 'ada@example.com' from generate_series(1, 50) as i;
		create table a.papers (firm bigint references a.firms, mail text);
		create table a.scans (page int, foreign key (firm) references a.firms) inherits (a.papers);
		insert into a.scans select 1, 'ada@example.com', 1 from generate_series(1, 50) as i;
		analyze a.leads, a.visits, a.papers, a.scans`, "",
		`      a.leads: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail, note], not_personal: [id, firm]}}
      a.visits: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [firm]}}
      a.papers: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [firm]}}
      a.scans: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [firm, page]}}
`, appdb.Options{})
}

// heard are the places where the server knows the mail address by heart.
func (s *shop) heard(t *testing.T) (places string) {
	t.Helper()

	err := s.db.QueryRow(t.Context(), `select coalesce(string_agg(distinct place, ' ' order by place), '') from (
		select tablename || '.' || attname, most_common_vals::text || coalesce(histogram_bounds::text, '') from pg_stats where schemaname = 'a'
		union all select statistics_name, most_common_vals::text from pg_stats_ext
		union all select statistics_name || ' ' || expr, most_common_vals::text from pg_stats_ext_exprs) as s (place, known) where lower(known) like '%ada@example.com%'`).Scan(&places)
	if err != nil {
		t.Fatal(err)
	}

	return places
}

const everywhere = "both leads.mail lower_mail.lower papers.mail scans.mail visits.mail visits_1.mail visits_2.mail written " +
	"written upper(mail)"

// A table that an erasure emptied keeps its statistics when the server takes new ones: they are forgotten in another way.
func TestStatisticsOfAnEmptiedTableAreForgotten(t *testing.T) {
	t.Parallel()

	s := known(t)
	if heard := s.heard(t); heard != everywhere {
		t.Fatal(heard)
	}

	s.erase(t)
	s.clean(t)

	if heard := s.heard(t); heard != "visits.mail visits_2.mail" {
		t.Error(heard)
	}
}

// Verify names each kind of sample that is left of a table without rows.
func TestVerifyNamesStatisticsOfAnEmptiedTable(t *testing.T) {
	t.Parallel()

	s := known(t)
	s.erase(t)
	s.exec(t, `insert into a.firms values (1, 'one'); insert into a.leads select i, 1, 'ada@example.com', 'x' from generate_series(1, 50) as i;
		insert into a.visits select 1, 'ada@example.com' from generate_series(1, 50) as i;
		insert into a.scans select 1, 'ada@example.com', 1 from generate_series(1, 50) as i;
		analyze a.leads, a.visits, a.papers, a.scans; delete from a.leads; delete from a.visits where firm = 1; delete from a.scans; delete from a.firms where id = 1`)

	left, err := s.of.Verify(t.Context(), s.subject, s.frozen)

	for _, place := range []string{"a.leads.mail", "a.leads.note", "a.lower_mail.lower", "a.both", "a.written", "a.visits_1.mail", "a.papers.mail", "a.scans.mail"} {
		if !strings.Contains(told(left), place+": statistics") {
			t.Errorf("%s is not among %s, %v", place, told(left), err)
		}
	}
}

// What the server knows of a table that the app emptied before stays as it is, and is nobody's remainder; it is one again once it
// knows something else, or the subject by name. Each look is a try of its own.
func TestStatisticsOfATableThatWasEmptyBefore(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.visits (firm bigint not null references a.firms, mail text) partition by list (firm);
		create table a.visits_1 partition of a.visits for values in (1);
		create table a.visits_2 partition of a.visits for values in (2);
		insert into a.visits select 1 + i % 2, 'ada@example.com' from generate_series(1, 50) as i; analyze a.visits; delete from a.visits where firm = 2`, "",
		`      a.visits: {category: collected, role: processor, path: [firm], rows: delete, columns: {erase: [mail], not_personal: [firm]}}
`, appdb.Options{NoOwner: true})
	look := func() string {
		left, err := s.of.Verify(t.Context(), s.subject, s.frozen)
		if err != nil {
			t.Fatal(err)
		}

		return told(left)
	}

	s.erase(t)

	// The partition that the erasure emptied is named, and what is said of all; not the one that was empty.
	const said = "a.visits.firm: statistics, a.visits.mail: statistics, a.visits_1.firm: statistics, a.visits_1.mail: statistics"
	for range 2 {
		if left := look(); left != said {
			t.Errorf("%s, not %s", left, said)
		}

		if _, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil); err != nil {
			t.Fatal(err)
		}
	}

	s.exec(t, "insert into a.visits select 2, 'bob@example.com' from generate_series(1, 9); analyze a.visits_2; delete from a.visits_2")

	if left := look(); !strings.Contains(left, "a.visits_2.mail: statistics") {
		t.Error(left)
	}
}

// Without the rights of a superuser the statistics of a plain table are forgotten, and its columns are as they were; those of a
// partition and of a table that others inherit from stay, and verify says so.
func TestAnOwnerForgetsWhatAnOwnerCan(t *testing.T) {
	t.Parallel()

	s := known(t)
	s.owned(t)

	before := s.columns(t)
	s.erase(t)

	if heard := s.heard(t); heard != "papers.mail scans.mail visits.mail visits_1.mail visits_2.mail" {
		t.Error(heard)
	}

	if after := s.columns(t); after != before {
		t.Errorf("%s\n%s", before, after)
	}

	left, err := s.of.Verify(t.Context(), s.subject, s.frozen)
	if err != nil || strings.Contains(told(left), "leads") || !strings.Contains(told(left), "a.visits_1.mail: statistics") {
		t.Error(told(left), err)
	}
}

// While a table is made anew, and a foreign key's other end is in use, whoever reads the table does not wait for that use to end.
func TestNobodyWaitsForTheEndOfAForeignKey(t *testing.T) {
	t.Parallel()

	s := known(t)
	s.owned(t)

	if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
		t.Fatal(err)
	}

	erased := make(chan error, 1)

	err := s.db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
		if _, err := tx.Exec(ctx, "update a.firms set name = 'at work' where id = 2"); err != nil {
			return err
		}

		go func() { //nolint:contextcheck // it outlasts the transaction
			_, err := s.of.Erase(t.Context(), s.subject, s.frozen, nil)
			erased <- err
		}()

		for waits := false; !waits; {
			if err := s.db.QueryRow(ctx, `select exists (select from pg_locks as held join pg_locks as asked on asked.pid = held.pid
				where held.relation = 'a.leads'::regclass and held.mode = 'AccessExclusiveLock' and held.granted
				and asked.relation = 'a.firms'::regclass and not asked.granted)`).Scan(&waits); err != nil {
				return err
			}
		}

		_, err := s.db.Exec(ctx, "begin; set local lock_timeout = '1s'; select from a.leads; commit")

		return err
	})
	if err != nil {
		t.Error(err)
	}

	if err := <-erased; err != nil || strings.Contains(s.heard(t), "leads") {
		t.Error(err, s.heard(t))
	}
}

// owned gives the store a login that owns the tables and is no superuser.
func (s *shop) owned(t *testing.T) {
	t.Helper()

	role := strings.ToLower(ids.New("t"))
	s.exec(t, "create role "+role+" login; alter schema a owner to "+role+`; grant temporary on database "`+s.db.Pool().Config().ConnConfig.Database+`" to `+role)

	for _, table := range []string{"firms", "leads", "visits", "visits_1", "visits_2", "papers", "scans"} {
		s.exec(t, "alter table a."+table+" owner to "+role)
	}

	s.exec(t, "alter statistics a.both owner to "+role+"; alter statistics a.written owner to "+role)

	at, err := url.Parse(s.db.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}

	at.User = url.User(role)

	other, err := postgres.Open(t.Context(), at.String())
	if err != nil {
		t.Fatal(err)
	}

	t.Cleanup(other.Close)

	s.of = appdb.New(other, s.decided, appdb.Options{})
}

// columns say how the columns of all tables are stored, and what holds for them.
func (s *shop) columns(t *testing.T) (text string) {
	t.Helper()

	err := s.db.QueryRow(t.Context(), `select (select string_agg(concat_ws(' ', attrelid::regclass, attname, format_type(atttypid, atttypmod), attcollation::regcollation,
			attstorage, attcompression, attnotnull, attstattarget), '; ' order by attrelid, attnum) from pg_attribute where attrelid in (select oid from pg_class
			where relkind = 'r' and relnamespace = 'a'::regnamespace) and attnum > 0)
		|| (select string_agg(conname || pg_get_constraintdef(oid), '; ' order by conname) from pg_constraint where connamespace = 'a'::regnamespace)
		|| (select string_agg(indexdef, '; ' order by indexdef) from pg_indexes where schemaname = 'a')`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}

	return text
}

// What a person is known by is found in what the server knows of several columns at once, and of what an index computes.
func TestVerifyFindsAPersonInStatistics(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.leads (id bigint primary key, firm bigint not null references a.firms, mail text);
		create index lower_mail on a.leads (lower(mail)); create statistics a.both (mcv) on firm, mail from a.leads;
		create statistics a.written on (upper(mail)), firm from a.leads;
		insert into a.leads select i, 1, 'ada@example.com' from generate_series(1, 50) as i; insert into a.leads values (99, 1, 'bob@example.com');
		analyze a.leads`, "",
		`      a.leads: {category: collected, role: processor, path: [firm], rows: delete, person: {match: [{identity: email, column: mail}], rows: delete}, columns: {erase: [mail], not_personal: [id, firm]}}
`, appdb.Options{})
	s.subject = ada("1")

	const said = "a.both: statistics, a.leads.mail: statistics, a.lower_mail.lower: statistics, a.written: statistics"

	if err := s.of.Freeze(t.Context(), s.subject, s.frozen); err != nil {
		t.Fatal(err)
	}

	s.exec(t, "delete from a.leads where id < 99")

	if left, err := s.of.Verify(t.Context(), s.subject, s.frozen); err != nil || told(left) != said {
		t.Error(told(left), err)
	}

	s.erase(t)
	s.clean(t)
}

// A table of which nothing but a keyed hash is written gets new statistics too.
func TestStatisticsOfPseudonyms(t *testing.T) {
	t.Parallel()

	s := newShop(t, `create table a.tickets (id bigint primary key, firm bigint references a.firms, mail text);
		insert into a.tickets select i, 1, 'ada@example.com' from generate_series(1, 50) as i; analyze a.tickets`, "",
		`      a.tickets: {category: support, role: controller, path: [firm], rows: keep, columns: {erase: [{column: mail, keyed_hash: true}], not_personal: [id, firm]},
        person: {match: [{identity: email, column: mail}], rows: keep}}
`, appdb.Options{PseudonymKey: []byte(strings.Repeat("k", 32))})
	s.subject = ada("1")
	s.erase(t)
	s.clean(t)

	if heard := s.heard(t); heard != "" {
		t.Error(heard)
	}
}
