package check_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/datamap/check"
	"steward/internal/liveschema"
	"steward/internal/policy"
)

func TestNothingIsWrong(t *testing.T) {
	t.Parallel()

	if got := run(t, schema()); len(got) > 0 {
		t.Error(got)
	}
}

// A key without an index is slow, and no reason to refuse.
func TestAKeyWithoutAnIndexIsNoted(t *testing.T) {
	t.Parallel()

	live := schema()
	table(&live, "app.tickets").Indexes = [][]string{{"firm", "lead"}}

	got := run(t, live)
	if len(got) != 1 || got[0].Severity != check.Note || got[0].Table != "app.tickets" ||
		!strings.HasPrefix(got[0].What, "unindexed foreign key: each row of app.leads") || !strings.Contains(got[0].Remedy, "index on (lead)") {
		t.Error(got)
	}
}

// drift is a change of the schema, or of the map, with what must be said about it.
type drift struct {
	change func(*liveschema.Schema)
	edits  []string
	table  string
	want   string // the beginning of what is wrong
	remedy string // a part of what mends it
}

func TestDrift(t *testing.T) {
	t.Parallel()

	for name, c := range drifts() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()

			live := schema()
			if c.change != nil {
				c.change(&live)
			}

			got := run(t, live, c.edits...)
			if !slices.ContainsFunc(got, func(f check.Finding) bool {
				return f.Table == c.table && f.Severity == check.Wrong && strings.HasPrefix(f.What, c.want) && strings.Contains(f.Remedy, c.remedy)
			}) {
				t.Errorf("%s: %s … %s is not said:\n%v", c.table, c.want, c.remedy, got)
			}
		})
	}
}

func drifts() map[string]drift {
	add := func(table_ string, columns ...liveschema.Column) func(*liveschema.Schema) {
		return func(s *liveschema.Schema) {
			found := table(s, table_)
			found.Columns = append(found.Columns, columns...)
		}
	}

	return map[string]drift{
		"new table": {
			change: func(s *liveschema.Schema) {
				s.Tables = append(s.Tables, liveschema.Table{Name: name("app.new"), Columns: []liveschema.Column{column("id", "bigint")}})
			},
			table: "app.new", want: "nobody decided about the table", remedy: "not_personal",
		},
		"new column": {
			change: add("app.leads", column("nickname", "text")), table: "app.leads",
			want: "nobody decided about column nickname", remedy: "erase",
		},
		"renamed column": {
			change: func(s *liveschema.Schema) { col(s, "app.leads", "mail").Name = "email" }, table: "app.leads",
			want: "column mail is decided, but there is no such column", remedy: "as it is called now",
		},
		"dropped foreign key": {
			change: func(s *liveschema.Schema) { table(s, "app.leads").Keys = nil }, table: "app.leads", want: "path", remedy: "reference",
		},
		"a match without its column": {
			change: func(s *liveschema.Schema) { col(s, "app.leads", "mail").Name = "email" }, table: "app.leads",
			want: "persons are found by column mail", remedy: "person.match",
		},
		"an export without its column": {
			change: func(s *liveschema.Schema) { col(s, "app.leads", "mail").Name = "email" }, table: "app.leads",
			want: "column mail is exported", remedy: "export",
		},
		"JSON without a path": {edits: []string{", json: $.mail", ""}, table: "app.leads", want: "column form is jsonb, and nothing", remedy: "json:"},
		"a path without JSON": {
			change: func(s *liveschema.Schema) { col(s, "app.leads", "form").Base = "text" }, table: "app.leads", want: "column form is jsonb, and a path",
		},
		"an account that is not one": {
			change: func(s *liveschema.Schema) { table(s, "app.firms").Primary = []string{"id", "name"} }, table: "app.firms",
			want: "the column id does not tell accounts apart", remedy: "unique key",
		},
		"guesses": {
			edits: []string{"        export: [mail]\n", "        guessed: {parts: [role], columns: [mail]}\n"}, table: "app.leads",
			want: "guesses that nobody has confirmed: role, mail", remedy: "guessed",
		},
		"null where there must be a value": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "name").NotNull = true }, table: "app.tickets",
			want: "column name cannot be made null: it must not be null", remedy: "fixed:",
		},
		"a fixed value that must be unique": {
			change: func(s *liveschema.Schema) {
				found := table(s, "app.tickets")
				found.UniqueOver = append(found.UniqueOver, []string{"firm", "mail"})
			},
			table: "app.tickets", want: "column mail cannot be made a fixed value: a unique key has it", remedy: "keyed_hash",
		},
		"a fixed value that is too long": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "mail").Length = 19 }, table: "app.tickets",
			want: "column mail cannot be made a fixed value: it holds 19 characters, and the value has 20", remedy: "shorter",
		},
		"a hash that is too long": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "nick").Length = 38 }, edits: []string{"keyed_hash: true", `keyed_hash: "erased-{}"`},
			table: "app.tickets", want: "column nick cannot be made a keyed hash: it holds 38 characters, and the value has 39", remedy: "shorter",
		},
		"a null that must be unique": {
			change: func(s *liveschema.Schema) {
				found := table(s, "app.tickets")
				found.UniqueOver, found.NullsAlike = append(found.UniqueOver, []string{"firm", "name"}), [][]string{{"firm", "name"}}
			},
			table: "app.tickets", want: "column name cannot be made null: a unique key has it", remedy: "NULLS NOT DISTINCT",
		},
		"a fixed value that is another one tomorrow": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "mail").Base = "date" },
			edits:  []string{"gone@example.invalid", "Today"}, table: "app.tickets",
			want: "column mail cannot be made a fixed value: the value is another one at another time", remedy: "2000-01-01",
		},
		"an unlinked column that deals rows out to partitions": {
			change: func(s *liveschema.Schema) { table(s, "app.tickets").PartitionBy = []string{"lead"} }, table: "app.tickets",
			want: "column lead is made null when rows of app.leads go, and it decides in which partition a row lies", remedy: "follows: [[lead]]",
		},
		"an unlinked column under a check": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "lead").Checked = true }, table: "app.tickets",
			want: "column lead is made null when rows of app.leads go, and nobody says that the check", remedy: "checks: [lead]",
		},
		"an unlinked column of which but one may be null": {
			change: func(s *liveschema.Schema) {
				table(s, "app.tickets").NullsAlike = [][]string{{"lead"}}
			}, table: "app.tickets",
			want: "column lead is made null when rows of app.leads go, and a unique key has it", remedy: "NULLS NOT DISTINCT",
		},
		"a column that deals rows out to partitions": {
			change: func(s *liveschema.Schema) { table(s, "app.tickets").PartitionBy = []string{"mail"} }, table: "app.tickets",
			want: "column mail cannot be made a fixed value: it decides in which partition a row lies", remedy: "rows: delete",
		},
		"a hash that is no text": {
			change: func(s *liveschema.Schema) { *col(s, "app.tickets", "nick") = column("nick", "bigint") }, table: "app.tickets",
			want: "column nick cannot be made a keyed hash: it is bigint", remedy: "another strategy",
		},
		"a value of another type": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "mail").Base = "uuid" }, table: "app.tickets",
			want: "column mail cannot be made a fixed value: the value is no uuid", remedy: "of that type",
		},
		"a number of the row": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "name").Identity = true }, table: "app.tickets",
			want: "column name cannot be made null: it is the number", remedy: "another strategy",
		},
		"a computed column": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "name").Generated = true }, table: "app.tickets",
			want: "column name cannot be made null: it is computed", remedy: "its name only",
		},
		"a column that others name": {
			change: func(s *liveschema.Schema) {
				table(s, "app.tickets").Keys[1].To, table(s, "app.tickets").Keys[1].ToColumns = name("app.tickets"), []string{"nick"}
			},
			table: "app.tickets", want: "column nick cannot be made a keyed hash: keys of other rows name it", remedy: "another strategy",
		},
		"a fixed key": {
			edits: []string{"{column: nick, keyed_hash: true}", `{column: lead, fixed: "1"}`, "not_personal: [id, firm, lead]", "not_personal: [id, firm, nick]"},
			table: "app.tickets", want: "column lead cannot be made a fixed value: it is part of a key", remedy: "null",
		},
		"a check that nobody looked at": {
			edits: []string{"checks: [mail], ", ""}, table: "app.tickets", want: "a check names column mail", remedy: "known: {checks: [mail]}",
		},
		"a check that is gone": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "mail").Checked = false }, table: "app.tickets",
			want: "column mail is known to pass its check", remedy: "known.checks",
		},
		"a trigger that nobody looked at": {
			edits: []string{", triggers: [touch]", ""}, table: "app.tickets",
			want: "the trigger touch (app.touch) fires when its rows are updated", remedy: "known: {triggers: [touch]}",
		},
		"a trigger that is gone": {
			change: func(s *liveschema.Schema) { table(s, "app.tickets").Triggers = nil }, table: "app.tickets",
			want: "the trigger touch is known", remedy: "known.triggers",
		},
		"a trigger on delete": {
			change: func(s *liveschema.Schema) {
				table(s, "app.leads").Triggers = []liveschema.Trigger{{Name: "bin", Function: "app.bin", OnDelete: true, Enabled: true}}
			},
			table: "app.leads", want: "the trigger bin (app.bin) fires when its rows are deleted", remedy: "known: {triggers: [bin]}",
		},
		"a rule": {
			change: func(s *liveschema.Schema) { table(s, "app.leads").Rules = 1 }, table: "app.leads", want: "rewrite rules do something else", remedy: "rules: true",
		},
		"rules that are gone": {edits: []string{"known: {", "known: {rules: true, "}, table: "app.tickets", want: "rewrite rules are known", remedy: "known"},
		"a cascade into what stays": {
			change: func(s *liveschema.Schema) { table(s, "app.tickets").Keys[1].OnDelete = liveschema.Cascade }, table: "app.tickets",
			want: "the key [lead] deletes rows when those of app.leads go", remedy: "follows: [[lead]]",
		},
		"a default for what stays": {
			change: func(s *liveschema.Schema) { table(s, "app.tickets").Keys[1].OnDelete = liveschema.SetDefault }, table: "app.tickets",
			want: "the key [lead] gives rows a default", remedy: "SET NULL",
		},
		"a key that cannot be unlinked": {
			change: func(s *liveschema.Schema) { col(s, "app.tickets", "lead").NotNull = true }, table: "app.tickets", want: "rows of it that stay may name rows",
		},
		"retained on no basis": {
			edits: []string{"basis: invoices", "basis: habit"}, table: "app.tickets",
			want: "column amount is retained on the basis habit, which the policy does not publish", remedy: "{name: habit, basis: \"…\", categories: [support], until: 10y}",
		},
		"retained for another category": {
			edits: []string{"category: support", "category: billing"}, table: "app.tickets",
			want: "column amount is retained on the basis invoices, which the policy does not publish for billing", remedy: "add billing",
		},
		"retained too long": {
			edits: []string{"until: 10y", "until: 121mo"}, table: "app.tickets", want: "column amount is retained for 121mo", remedy: "until: 10y",
		},
		"large objects": {
			edits: []string{"    objects:\n      - {table: app.leads, large_object: scan}\n", ""}, table: "app.leads",
			want: "column scan may name large objects", remedy: "{table: app.leads, large_object: scan}",
		},
		"objects without their column": {edits: []string{"large_object: scan", "large_object: gone"}, table: "app.leads", want: "objects are named by column gone", remedy: "objects"},
		"objects of another type":      {edits: []string{"large_object: scan", "large_object: mail"}, table: "app.leads", want: "objects are named by column mail, which is text and not oid"},
		"an identity that stays": {
			edits: []string{
				"not_personal: [id, firm, lead]", "not_personal: [id, firm, lead, nick]", "            - {column: nick, keyed_hash: true}\n", "",
				"        known: {checks", "        person: {match: [{identity: user, column: nick}], rows: delete}\n        known: {checks",
			},
			table: "app.tickets", want: "column nick tells persons apart, and is called not personal", remedy: `"null": true`,
		},
		"a number of the row that is no user's": {
			edits: []string{"        known: {checks", "        person: {match: [{identity: visitor, column: id}], rows: keep}\n        known: {checks"},
			table: "app.tickets", want: "column id tells persons apart, and is called not personal", remedy: `"null": true`,
		},
		"an object whose name is made a hash": {
			edits: []string{"      - {table: app.leads, large_object: scan}\n", "      - {table: app.leads, large_object: scan}\n      - {table: app.tickets, fixed_bucket: files, object: nick}\n"},
			table: "app.tickets", want: "column nick names objects, and is made a keyed hash", remedy: `"null": true`,
		},
		"objects of nobody":   {edits: []string{"{table: app.leads, large", "{table: app.countries, large"}, table: "app.countries", want: "objects are named by a table that belongs to no subject"},
		"objects of no table": {edits: []string{"{table: app.leads, large", "{table: app.gone, large"}, table: "app.gone", want: "objects are named by this table, and it is not there"},
		"persons below no account": {
			edits: []string{"        path: [firm]\n        rows: delete\n        person", "        person"}, table: "app.leads",
			want: "persons are looked for below an account", remedy: "role: controller",
		},
	}
}

func TestDatabasesOfTheMapAndOfThePolicy(t *testing.T) {
	t.Parallel()

	var what []string
	for _, found := range check.Run(parsed(t, "- name: app", "- name: shop"), nil, rules(t)) {
		what = append(what, found.Database+": "+found.What)
	}

	want := []string{
		"app: nobody decided about the database", "shop: its schema was not read", "shop: the policy has no app database of this name",
	}
	if diff := cmp.Diff(want, what); diff != "" {
		t.Error(diff)
	}
}

// Below a prefix in a bucket of Steward's lies what proves.
func TestAPrefixInABucketOfSteward(t *testing.T) {
	t.Parallel()

	by := rules(t)
	by.Promises.Backups.Copies = []policy.Copy{{Name: "far", Bucket: "of-copies"}}

	for bucket, want := range map[string]int{by.Storage.Ledger: 1, "of-copies": 1, "uploads": 0} {
		found := 0

		for _, one := range check.Run(parsed(t, "    tables:\n", "    prefixes: [{bucket: "+bucket+", prefix: \"firms/{account}/\"}]\n    tables:\n"), nil, by) {
			if one.Severity == check.Wrong && one.Line > 0 && strings.Contains(one.What, bucket+", a bucket of Steward's own") {
				found++
			}
		}

		if found != want {
			t.Errorf("%s: %d findings, want %d", bucket, found, want)
		}
	}
}

// A row that is unique by other columns may get the same value as another.
func TestAFixedValueMayStandInAUniqueKeyWithAnother(t *testing.T) {
	t.Parallel()

	live := schema()
	table(&live, "app.tickets").UniqueOver = append(table(&live, "app.tickets").UniqueOver, []string{"id", "firm", "mail"})

	if got := run(t, live); check.Stops(got) {
		t.Error(got)
	}
}

// Row-level security is told and stops nothing here: what the login may do is seen when a plan is made.
func TestRowSecurityIsANote(t *testing.T) {
	t.Parallel()

	live := schema()
	table(&live, "app.leads").RowSecurity = true
	got := run(t, live)

	if len(got) != 1 || got[0].Severity != check.Note || !strings.Contains(got[0].Remedy, "BYPASSRLS") || check.Stops(got) {
		t.Error(got)
	}

	const want = "app app.leads (line 17): row-level security hides rows from logins that do not bypass it; " +
		"give the erasing login BYPASSRLS; without it no erasure starts"
	if got[0].String() != want {
		t.Errorf("%s", got[0])
	}
}

// Large objects that nothing names are told too.
func TestLargeObjectsOfNobody(t *testing.T) {
	t.Parallel()

	live := schema()
	col(&live, "app.leads", "scan").Base = "bigint"

	got := run(t, live, "    objects:\n      - {table: app.leads, large_object: scan}\n", "")
	if len(got) != 1 || got[0].Severity != check.Note || got[0].Table != "" || !strings.HasPrefix(got[0].String(), "app: the database has large objects") {
		t.Error(got)
	}
}

func TestADisabledTriggerDoesNothing(t *testing.T) {
	t.Parallel()

	live := schema()
	table(&live, "app.leads").Triggers = []liveschema.Trigger{{Name: "bin", Function: "app.bin", OnDelete: true}}

	if got := run(t, live); len(got) > 0 {
		t.Error(got)
	}
}
