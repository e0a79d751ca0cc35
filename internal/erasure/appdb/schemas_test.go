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
// corrects, and rooms and beds, neither of which may be without the other, name each other. X-rays inherit from scans, and those
// from papers, in the old way: with rows of the same number in each.
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
		alter table room add foreign key (first_bed) references bed;
		create table paper (id int primary key, patient_id int not null references patient, whose int);
		create table scan (pages int, primary key (id), foreign key (patient_id) references patient) inherits (paper);
		create table xray (primary key (id), foreign key (patient_id) references patient on delete cascade) inherits (scan);
		create table stamp (scan_id int not null references scan, whose int);
		insert into paper select id, id, whose from patient;
		insert into scan select id, id, whose, 2 from patient;
		insert into xray select id + 1, id, whose, 1 from patient;
		insert into stamp select id, whose from only scan;`)

	g.path["room"], g.path["bed"] = []string{"ward_id"}, []string{"room_id"}
	g.path["paper"], g.path["scan"], g.path["xray"] = []string{"patient_id"}, []string{"patient_id"}, []string{"patient_id"}
	g.path["stamp"] = []string{"scan_id"}
	// A correction, and a room, whose other end goes may not stay: no one can say that these are the same hospital's.
	g.follows["room"] = [][]string{{"first_bed"}}
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

	t.Run("three hundred tables, some in parts", func(t *testing.T) {
		t.Parallel()
		measures().check(t, execute.Limits{Small: 100, Gather: 1000, Batch: 100, MostBatch: 1000})
	})
}
