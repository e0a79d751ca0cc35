package appdb_test

import (
	"fmt"
	"strings"
	"testing"

	"steward/internal/erasure/execute"
)

// tenants is a tracker of tasks whose every key begins with the tenant: members, projects, tasks below tasks, comments by
// members, labels from many to many, and a table of prices that is nobody's. Two members invite each other.
//
//nolint:dupword // SQL
func tenants() given {
	return given{
		root: "tenant", nobodys: []string{"price"},
		sql: `create table price (code text primary key, cents int);
			create table tenant (id int primary key, whose int, price text references price, owner int);
			create table member (tenant int references tenant, id int, whose int, invited_by int, primary key (tenant, id),
				foreign key (tenant, invited_by) references member);
			alter table tenant add foreign key (id, owner) references member;
			create table project (tenant int references tenant, id int, whose int, lead int not null, primary key (tenant, id),
				foreign key (tenant, lead) references member);
			create table task (tenant int, project int, id int, whose int, parent int, primary key (tenant, project, id),
				foreign key (tenant, project) references project, foreign key (tenant, project, parent) references task);
			create table label (tenant int references tenant, name text, whose int, primary key (tenant, name));
			create table task_label (tenant int, project int, task int, label text, whose int, primary key (tenant, project, task, label),
				foreign key (tenant, project, task) references task on delete restrict, foreign key (tenant, label) references label);
			create table comment (id bigserial primary key, tenant int not null, project int not null, task int not null, author int, whose int,
				foreign key (tenant, project, task) references task on delete cascade,
				foreign key (tenant, author) references member on delete set null (author));
			insert into price values ('a', 1), ('b', 2);
			insert into tenant select n, n, 'a' from generate_series(1, 3) as n;
			insert into member select n, m, n from generate_series(1, 3) as n, generate_series(1, 4) as m;
			update member set invited_by = id % 4 + 1;
			update tenant set owner = 1;
			insert into project select n, p, n, p from generate_series(1, 3) as n, generate_series(1, 3) as p;
			insert into task select n, p, k, n from generate_series(1, 3) as n, generate_series(1, 3) as p, generate_series(1, 5) as k;
			update task set parent = id - 1 where id > 1;
			insert into label select n, l, n from generate_series(1, 3) as n, unnest('{red,blue}'::text[]) as l;
			insert into task_label select tenant, project, id, 'red', tenant from task;
			insert into comment (tenant, project, task, author, whose) select tenant, project, id, 1 + id % 4, tenant from task;`,
		path: map[string][]string{
			"member": {"tenant"}, "project": {"tenant"}, "task": {"tenant", "project"}, "label": {"tenant"},
			"task_label": {"tenant", "project", "task"}, "comment": {"tenant", "project", "task"},
		},
	}
}

// hospital is a chain of eight tables below the account, each known by its parent's number alone: from the hospital to the
// result of a sample. A circle leads from the hospital to its main department and back, a result names the one that it
// corrects, and rooms and beds, neither of which may be without the other, name each other.
//
//nolint:dupword // SQL
func hospital() given {
	chain := []string{"hospital", "department", "ward", "patient", "stay", "ordering", "sample", "result"}
	text := &strings.Builder{}
	write := func(format string, args ...any) { fmt.Fprintf(text, format, args...) }
	g := given{root: chain[0], path: map[string][]string{}, follows: map[string][][]string{}}

	write("create table %s (id int primary key, whose int); insert into %s select n, n from generate_series(1, 3) as n;", chain[0], chain[0])

	for i, name := range chain[1:] {
		parent := chain[i]
		write("create table %[1]s (id serial primary key, %[2]s_id int not null references %[2]s, whose int);", name, parent)
		write("insert into %[1]s (%[2]s_id, whose) select id, whose from %[2]s, generate_series(1, 2);", name, parent)
		g.path[name] = []string{parent + "_id"}
	}

	write(`alter table hospital add main int references department;
		update hospital set main = (select min(id) from department where whose = hospital.id);
		alter table result add corrects int references result;
		update result as r set corrects = (select max(id) from result as o where o.whose = r.whose and o.id < r.id);
		create table room (id int primary key, ward_id int not null references ward, first_bed int not null, whose int);
		create table bed (id int primary key, room_id int not null references room deferrable, whose int);
		insert into room select id, id, id, whose from ward;
		insert into bed select id, id, whose from room;
		alter table room add foreign key (first_bed) references bed;`)

	g.path["room"], g.path["bed"] = []string{"ward_id"}, []string{"room_id"}
	// A correction, and a room, whose other end goes may not stay: no one can say that these are the same hospital's.
	g.follows["room"] = [][]string{{"first_bed"}}
	g.sql = text.String()

	return g
}

// measures has 102 tables that somebody decides about, 344 with their parts: sixty devices, forty tables of readings that are
// split into six parts by time, the last part of the first by a hash below that, and alarms that name rows of that one.
func measures() given {
	g := given{root: "site", path: map[string][]string{}}
	text := &strings.Builder{}
	write := func(format string, args ...any) { fmt.Fprintf(text, format, args...) }

	write("create table site (id int primary key, whose int); insert into site select n, n from generate_series(1, 3) as n;")

	for i := range 60 {
		write(`create table device_%[1]d (site int not null references site, id int, whose int, primary key (site, id));
			insert into device_%[1]d select n, 1, n from generate_series(1, 3) as n;`, i)

		g.path[fmt.Sprintf("device_%d", i)] = []string{"site"}
	}

	for i := range 40 {
		write(`create table reading_%[1]d (site int not null, device int not null, at int not null, whose int, primary key (site, device, at),
			foreign key (site, device) references device_%[1]d) partition by range (at);`, i)

		for part := range 5 {
			write("create table reading_%[1]d_%[2]d partition of reading_%[1]d for values from (%[2]d) to (%[3]d);", i, part, part+1)
		}

		if i == 0 {
			write(`create table reading_0_rest partition of reading_0 default partition by hash (at);
				create table reading_0_rest_0 partition of reading_0_rest for values with (modulus 2, remainder 0);
				create table reading_0_rest_1 partition of reading_0_rest for values with (modulus 2, remainder 1);`)
		} else {
			write("create table reading_%[1]d_rest partition of reading_%[1]d default;", i)
		}

		write("insert into reading_%[1]d select n, 1, at, n from generate_series(1, 3) as n, generate_series(0, 6) as at;", i)

		g.path[fmt.Sprintf("reading_%d", i)] = []string{"site", "device"}
	}

	write(`create table alarm (site int, device int, at int, whose int, foreign key (site, device, at) references reading_0);
		insert into alarm select site, device, at, whose from reading_0;`)

	g.path["alarm"] = []string{"site", "device", "at"}

	g.sql = text.String()

	return g
}

// Three schemas that are not ours: after the erasure of an account none of its rows is left, and every other is as it was.
func TestSchemasThatAreNotOurs(t *testing.T) {
	t.Parallel()

	for name, g := range map[string]given{"tenants": tenants(), "hospital": hospital()} {
		for mode, limits := range map[string]execute.Limits{"at once": {}, "in batches": tiny()} {
			t.Run(name+" "+mode, func(t *testing.T) {
				t.Parallel()
				g.check(t, limits)
			})
		}
	}

	t.Run("three hundred tables with their parts", func(t *testing.T) {
		t.Parallel()
		measures().check(t, execute.Limits{Small: 100, Gather: 1000, Batch: 100, MostBatch: 1000})
	})
}
