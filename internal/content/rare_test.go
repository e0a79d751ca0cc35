package content_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"steward/internal/content"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

var errUndone = errors.New("the change is taken back")

// Each single change to what few databases have is named; empty words mean that it
// is not compared. All are made to one copy and taken back.
func TestEachRareChangeIsNamed(t *testing.T) {
	t.Parallel()

	source := pgtest.Database(t)
	run(t, source, world)

	want := describe(t, source)

	db, err := postgres.Open(t.Context(), restore(t, dump(t, source)))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	for _, c := range []struct{ sql, words string }{
		{"update pg_language set lanpltrusted = false where lanname = 'stocklang'", "language definitions"},
		{"alter language stocklang owner to owner_b", `privilege "language stocklang is owned by owner_a" is missing`},
		{"revoke usage on language stocklang from public", `privilege "language stocklang grants USAGE to everybody" is missing`},
		{"drop cast (stock.mood as int)", "cast definitions"},
		{"update pg_cast set castcontext = 'i' where castsource = 'stock.mood'::regtype", "cast definitions"},
		{"drop transform for stock.mood language stocklang", "transform definitions"},
		{"drop conversion stock.odd", "conversion definitions"},
		{"alter conversion stock.odd owner to owner_b", `privilege "conversion stock.odd is owned by`},
		{"alter operator stock.=== (stock.mood, stock.mood) set (restrict = eqsel)", "operator definitions"},
		{"alter operator stock.=== (stock.mood, stock.mood) owner to owner_b", `privilege "operator stock.===(stock.mood,stock.mood) is owned by`},
		{"drop operator class stock.mood_ops using hash", "operator class definitions"},
		{"alter operator class stock.mood_ops using hash owner to owner_b", `privilege "operator class stock.mood_ops.stock.mood is owned by`},
		{"update pg_opclass set opcdefault = true where opcname = 'mood_ops'", "operator class definitions"},
		{"alter operator family stock.moods using hash drop operator 1 (int4, int4)", "operator family definitions"},
		{"alter operator family stock.moods using hash drop function 1 (int4, int4)", "operator family definitions"},
		{"create operator family stock.more using btree", "operator family definitions"},
		{"alter operator family stock.moods using hash owner to owner_b", `privilege "operator family stock.moods.`},
		{"drop text search parser stock.cutter", "text search parser definitions"},
		{"update pg_ts_template set tmplinit = 'dsynonym_init'::regproc where tmplname = 'simpler'", "text search template definitions"},
		{"alter text search dictionary stock.known_words (accept = false)", "text search dictionary definitions"},
		{"alter text search dictionary stock.known_words owner to owner_b", `privilege "text search dictionary stock.known_words is owned by`},
		{"alter text search configuration stock.words drop mapping for word", "text search configuration definitions"},
		{"alter text search configuration stock.words alter mapping for word with simple, stock.known_words", "text search configuration definitions"},
		{"alter text search configuration stock.words owner to owner_b", `privilege "text search configuration stock.words is owned by`},
		{"alter table stock.elsewhere set access method heap", "table access definitions"},
		{"drop access method more_heaps", "access method definitions"},
		{"alter foreign data wrapper lookup options (set debug 'false')", "wrapper definitions"},
		{"revoke usage on foreign data wrapper lookup from reader", `privilege "wrapper lookup grants USAGE to reader" is missing`},
		{"create role other_super superuser; alter foreign data wrapper lookup owner to other_super", `is owned by other_super" is not in the source`},
		{"alter server far options (set host 'y')", "server definitions"},
		{"alter server far owner to owner_b", `privilege "server far is owned by owner_a" is missing`},
		{"grant usage on foreign server far to owner_b", `privilege "server far grants USAGE to owner_b" is not in the source`},
		{"alter foreign table stock.there options (set table_name 'y')", "foreign table definitions"},
		{"alter foreign table stock.there alter n options (set column_name 'k')", "foreign table definitions"},
		{"drop user mapping for reader server far", "user mapping definitions"},
		{"alter publication sold set table stock.items (id, sku, at) where (price between 2 and 3), stock.alias", "publication content definitions"},
		{"alter publication sold set table stock.items (id, sku) where (price between 2 and 4), stock.alias", "publication content definitions"},
		{"alter publication sold set table stock.items (id, sku), stock.alias", "publication content definitions"},
		{"alter publication of_stock add tables in schema public", "publication schema definitions"},
		{"alter publication of_stock set (publish_via_partition_root = false)", "publication root definitions"},
		{"alter publication sold owner to owner_b", `privilege "publication sold is owned by owner_a" is missing`},
		{"alter collation stock.plain owner to owner_b", `privilege "collation stock.plain is owned by owner_a" is missing`},
		{"alter statistics stock.linked owner to owner_b", `privilege "statistics stock.linked is owned by owner_a" is missing`},

		{"alter user mapping for reader server far options (set password 'y')", ""},
	} {
		var differences []string

		err := db.InTx(t.Context(), func(ctx context.Context, tx postgres.Tx) error {
			for statement := range strings.SplitSeq(c.sql, "; ") {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return err
				}
			}

			described, err := content.Describe(ctx, tx, nil)
			if err != nil {
				return err
			}

			differences = content.Compare(want, described)

			return errUndone
		})
		if !errors.Is(err, errUndone) {
			t.Errorf("%s: %v", c.sql, err)
		}

		if c.words == "" && len(differences) > 0 || c.words != "" && !strings.Contains(strings.Join(differences, "; "), c.words) {
			t.Errorf("%s: found %q", c.sql, differences)
		}
	}
}

// A manifest from before Steward knew these kinds equals its copy where there is
// nothing of them: no kind has a line in a database without them.
func TestRareKindsHaveNoLineWhereThereAreNone(t *testing.T) {
	t.Parallel()

	at := pgtest.Database(t)
	run(t, at, "create table plain (n int); create view seen as select n from plain; create publication p for table plain")

	for _, definition := range describe(t, at).Schema {
		switch definition.Kind {
		case "relation", "column", "view", "publication", "comment":
		default:
			t.Errorf("%+v", definition)
		}
	}
}
