package elsewhere_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"steward/internal/failure"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
	"steward/internal/store"
	"steward/internal/store/elsewhere"
)

// server is a cluster with the settings of one that is copied, as its superuser and as a login without any right.
type server struct {
	cluster    *pgtest.Cluster
	db, nobody *postgres.DB
}

func newServer(t *testing.T) server {
	t.Helper()

	s := server{cluster: pgtest.Own(t)}
	open := func(at string) *postgres.DB {
		db, err := postgres.Open(t.Context(), at)
		must(t, err)
		t.Cleanup(db.Close)

		return db
	}

	s.db = open(s.cluster.URL("postgres"))
	for setting, value := range map[string]string{"wal_level": "logical", "archive_mode": "on", "archive_command": "true"} {
		s.run(t, `alter system set `+setting+` = '`+value+`'`)
	}

	must(t, s.cluster.Crash())
	must(t, s.cluster.Revive(t.Context()))

	s.db = open(s.cluster.URL("postgres"))
	s.run(t, `create role ordinary`)
	s.nobody = open(pgtest.Member(t, s.cluster.URL("postgres"), "ordinary"))

	return s
}

func (s server) run(t *testing.T, sql string) {
	t.Helper()

	_, err := s.db.Exec(t.Context(), sql)
	must(t, err)
}

// asked gives what the store answers under these declared kinds: the places of its plan, its outcome, and the code of its GoneBy.
func (s server) asked(t *testing.T, kinds ...policy.CopyKind) (places []string, kind store.Kind, code failure.Code) {
	t.Helper()

	rules := &policy.Policy{Copies: []policy.DeclaredCopy{{Name: "of-another", Kind: policy.CopyOther, Database: "shop"}}}
	for _, each := range kinds {
		rules.Copies = append(rules.Copies, policy.DeclaredCopy{Name: string(each), Kind: each, Database: "app"})
	}

	s.toldBefore(t, rules)

	of := elsewhere.Undeclared("app", s.nobody, rules)

	steps, err := of.Plan(t.Context(), store.Subject{})
	must(t, err)

	for _, step := range steps {
		places = append(places, step.Place)
	}

	outcome, err := of.Erase(t.Context(), store.Subject{}, nil, nil)
	must(t, err)

	gone, err := of.GoneBy(t.Context(), store.Subject{}, at())
	if err == nil && !gone.Equal(at()) {
		t.Errorf("gone by %s", gone)
	}

	return places, outcome.Kind, failure.CodeOf(err)
}

// toldBefore looks as whoever asks before there is a case does: the line that stands in what to do is all that has to be written, and
// what nobody has to write is not said.
func (s server) toldBefore(t *testing.T, rules *policy.Policy) {
	t.Helper()

	seen, err := elsewhere.Look(t.Context(), "app", s.nobody, rules)
	must(t, err)

	declared := *rules
	for _, one := range seen {
		if !strings.Contains(one.Remedy(), one.Line("AGE")) || !strings.HasPrefix(one.String(), "app has "+one.What) {
			t.Errorf("%s. %s", one, one.Remedy())
		}

		declared.Copies = append(slices.Clone(declared.Copies), written(t, one.Line("7d")))
	}

	left, err := elsewhere.Look(t.Context(), "app", s.nobody, &declared)
	must(t, err)

	_, gone := elsewhere.Undeclared("app", s.nobody, &declared).GoneBy(t.Context(), store.Subject{}, at())
	if len(left) > 0 || gone != nil {
		t.Errorf("with %v declared, %v is left, and %v", declared.Copies, left, gone)
	}

	_, gone = elsewhere.Undeclared("app", s.nobody, rules).GoneBy(t.Context(), store.Subject{}, at())
	if (gone != nil) != (len(seen) > 0) {
		t.Errorf("seen before: %v; told then: %v", seen, gone)
	}
}

// written is what the policy reads of a line under its copies.
func written(t *testing.T, line string) policy.DeclaredCopy {
	t.Helper()

	text, err := os.ReadFile("../../policy/testdata/working_minimal.yaml")
	must(t, err)

	rules, err := policy.Parse("policy.yaml", append(text, "\ncopies:\n  "+line+"\n"...))
	must(t, err)

	return rules.Copies[0]
}

// A copy that the server knows of, and the policy does not, keeps everybody from saying when a subject is gone: a stream, a slot of
// either kind, and an archive, seen by a login without any right.
func TestUndeclaredCopies(t *testing.T) {
	t.Parallel()

	s := newServer(t)
	standby, err := s.cluster.Standby(t.Context())
	must(t, err)
	t.Cleanup(func() { must(t, standby.Stop()) })

	// A standby that may connect and go again is in no plan; once subjects are erased it counts.
	if places, kind, code := s.asked(t, policy.CopyPITR); len(places) > 0 || kind != store.NothingFound || code != "" {
		t.Errorf("a standby and an archive, declared: %q, %s, %s", places, kind, code)
	}

	s.run(t, `alter system set archive_command = ''`)

	if places, kind, code := s.asked(t); !slices.Equal(places, []string{"archived WAL"}) || kind != store.Expires || code != failure.CopyUndeclared {
		t.Errorf("a standby and an archive: %q, %s, %s", places, kind, code)
	}

	if _, kind, code := s.asked(t, policy.CopyWarehouse); kind != store.Expires || code != failure.CopyUndeclared {
		t.Errorf("a standby and an archive, not declared: %s, %s", kind, code)
	}

	s.run(t, `select pg_create_physical_replication_slot('standby')`)
	s.run(t, `select pg_create_logical_replication_slot('lake', 'pgoutput')`)

	for _, c := range []struct {
		declared []policy.CopyKind
		places   []string
	}{
		{nil, []string{"a physical replication slot", "a logical replication slot", "archived WAL"}},
		{[]policy.CopyKind{policy.CopyReplica}, []string{"archived WAL"}},
		{[]policy.CopyKind{policy.CopyWarehouse, policy.CopyPITR}, nil},
		{[]policy.CopyKind{policy.CopyWarehouse}, []string{"a physical replication slot", "archived WAL"}},
	} {
		want, code := store.Expires, failure.CopyUndeclared
		if c.places == nil {
			want, code = store.NothingFound, ""
		}

		places, kind, said := s.asked(t, c.declared...)
		if !slices.Equal(places, c.places) || kind != want || said != code {
			t.Errorf("%v: %q, %s, %s", c.declared, places, kind, said)
		}
	}
}

// A server that nobody copies has nothing to declare.
func TestNoCopies(t *testing.T) {
	t.Parallel()

	db, err := postgres.Open(t.Context(), pgtest.Database(t))
	must(t, err)
	t.Cleanup(db.Close)

	if places, kind, code := (server{nobody: db}).asked(t); len(places) > 0 || kind != store.NothingFound || code != "" {
		t.Errorf("%q, %s, %s", places, kind, code)
	}
}
