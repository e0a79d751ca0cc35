package appdb_test

import (
	"fmt"
	"strings"
)

const (
	devices  = 200
	readings = 100
)

// measures has 304 tables that somebody decides about, 476 with their parts: a site's two hundred devices, a hundred tables of their
// readings, of which four in ten are split, each in one of the ways of parts, and alarms and repairs that name rows of two of those.
//
//nolint:dupword // SQL
func measures() given {
	g := given{root: "site", path: map[string][]string{}}
	text := &strings.Builder{}
	write := func(format string, args ...any) { fmt.Fprintf(text, format, args...) }

	write("create table site (id int primary key, whose int); insert into site select n, n from generate_series(1, 3) as n;")

	for i := range devices {
		write(`create table device_%[1]d (site int not null references site, id int, whose int, primary key (site, id));
			insert into device_%[1]d select n, 1, n from generate_series(1, 3) as n;`, i)

		g.path[fmt.Sprintf("device_%d", i)] = []string{"site"}
	}

	for i := range readings {
		name := fmt.Sprintf("reading_%d", i)
		write(`create table %s (site int not null, device int not null, at int not null, whose int, primary key (site, device, at),
			foreign key (site, device) references device_%d)`, name, i)

		if parts := parts(); i%10 < len(parts) {
			write("%s", strings.ReplaceAll(parts[i%10], "NAME", name))

			g.split = append(g.split, name)
		}

		write("; insert into %s select n, 1, at, n from generate_series(1, 3) as n, generate_series(0, 6) as at;", name)

		g.path[name] = []string{"site", "device"}
	}

	write(`create table alarm (site int, device int, at int, whose int, foreign key (site, device, at) references reading_0);
		insert into alarm select site, device, at, whose from reading_0;
		create table repair (site int not null, device int, at int, whose int, foreign key (site, device, at) references reading_3 on delete cascade)
			partition by list (site);
		create table repair_all partition of repair default; insert into repair select site, device, at, whose from reading_3;
		create table visit (id int primary key, site int references site, whose int) partition by hash (id);
		create table visit_0 partition of visit for values with (modulus 1, remainder 0);
		insert into visit select n, n, n from generate_series(1, 3) as n;`)

	g.split = append(g.split, "repair", "visit")
	g.path["alarm"], g.path["repair"], g.path["visit"] = []string{"site", "device", "at"}, []string{"site", "device", "at"}, []string{"site"}
	g.sql = text.String()

	return g
}

// parts are the ways in which tables are split: by time, the rest by a hash below that; by whose they are, so that a part goes as a
// whole, and one has its columns in another order; by a hash; and by the account, then by time, then by a hash.
func parts() []string {
	return []string{
		` partition by range (at);
			create table NAME_early partition of NAME for values from (minvalue) to (2);
			create table NAME_late partition of NAME for values from (2) to (4);
			create table NAME_rest partition of NAME default partition by hash (at);
			create table NAME_rest_0 partition of NAME_rest for values with (modulus 2, remainder 0);
			create table NAME_rest_1 partition of NAME_rest for values with (modulus 2, remainder 1)`,
		` partition by list (site);
			create table NAME_1 partition of NAME for values in (1);
			create table NAME_2 (whose int, gone text, at int not null, device int not null, site int not null);
			alter table NAME_2 drop gone; alter table NAME attach partition NAME_2 for values in (2);
			create table NAME_rest partition of NAME default`,
		` partition by hash (at);
			create table NAME_0 partition of NAME for values with (modulus 3, remainder 0);
			create table NAME_1 partition of NAME for values with (modulus 3, remainder 1);
			create table NAME_2 partition of NAME for values with (modulus 3, remainder 2)`,
		` partition by list (site);
			create table NAME_1 partition of NAME for values in (1) partition by range (at);
			create table NAME_1_early partition of NAME_1 for values from (0) to (3);
			create table NAME_1_late partition of NAME_1 for values from (3) to (7) partition by hash (device, at);
			create table NAME_1_late_0 partition of NAME_1_late for values with (modulus 2, remainder 0);
			create table NAME_1_late_1 partition of NAME_1_late for values with (modulus 2, remainder 1);
			create table NAME_rest partition of NAME for values in (2, 3)`,
	}
}
