package liveschema_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"steward/internal/datamap"
	"steward/internal/datamap/check"
	"steward/internal/datamap/scaffold"
	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/policy"
	"steward/internal/postgres"
)

// manyTables is what the limit of the check is stated for.
const manyTables = 1000

// wide makes a schema of many tables, each with ten columns and two keys to others.
func wide(tables int) string {
	var sql strings.Builder

	sql.WriteString("create table companies (id bigint primary key, name text);\n")

	for i := 1; i < tables; i++ {
		parent := "companies"
		if i > 10 {
			parent = fmt.Sprintf("t%d", i/10)
		}

		fmt.Fprintf(&sql, `create table t%d (id bigint primary key, parent bigint not null references %s, other bigint references companies,
			email text, name varchar(80), note text, at timestamptz not null, amount numeric check (amount > 0), tags text[], form jsonb);
			create index on t%d (parent);`+"\n", i, parent, i)
	}

	return sql.String()
}

// BenchmarkCheck compares all that `steward datamap check` does with the statements to the catalogue alone, one
// after the other. It prints their ratio, which is to be 2 at most, and what the parts take.
func BenchmarkCheck(b *testing.B) {
	at := pgtest.Database(b)

	db, err := postgres.Open(b.Context(), at)
	if err != nil {
		b.Fatal(err)
	}

	defer db.Close()

	if _, err := db.Pool().Exec(b.Context(), "set client_min_messages = error"); err != nil {
		b.Fatal(err)
	}

	for statement := range strings.SplitSeq(wide(manyTables), ";\n") {
		if _, err := db.Exec(b.Context(), statement); err != nil && statement != "" {
			b.Fatal(err)
		}
	}

	rules, err := policy.Load("../policy/testdata/working_minimal.yaml", policy.Dev)
	if err != nil {
		b.Fatal(err)
	}

	text := firstMap(b, db)

	var alone, parsing, reading, checking, all time.Duration

	for b.Loop() {
		alone += taken(b, func() error { return onlyAsk(b.Context(), db) })

		var (
			decided *datamap.Map
			schema  liveschema.Schema
		)

		parsing += taken(b, func() (err error) { decided, err = datamap.Parse("datamap.yaml", []byte(text)); return err })
		reading += taken(b, func() (err error) { schema, err = liveschema.Read(b.Context(), db, "app"); return err })
		checking += taken(b, func() error { check.Run(decided, []liveschema.Schema{schema}, rules); return nil })
		all += taken(b, func() error { return checkAll(b.Context(), db, text, rules) })
	}

	b.ReportMetric(float64(all)/float64(alone), "ratio")

	for name, part := range map[string]time.Duration{"alone": alone, "parsing": parsing, "reading": reading, "checking": checking} {
		b.ReportMetric(float64(part.Milliseconds())/float64(b.N), "ms-"+name)
	}
}

// checkAll does as the command does: the file is parsed while the server answers.
func checkAll(ctx context.Context, db *postgres.DB, text string, rules *policy.Policy) error {
	var decided *datamap.Map

	parsed := make(chan error, 1)

	go func() {
		var err error
		decided, err = datamap.Parse("datamap.yaml", []byte(text))
		parsed <- err
	}()

	schema, err := liveschema.Read(ctx, db, "app")
	if err := errors.Join(err, <-parsed); err != nil {
		return err
	}

	check.Run(decided, []liveschema.Schema{schema}, rules)

	return nil
}

func taken(b *testing.B, do func() error) time.Duration {
	b.Helper()

	start := time.Now()

	if err := do(); err != nil {
		b.Fatal(err)
	}

	return time.Since(start)
}

// firstMap is what a scaffold writes of the database.
func firstMap(b *testing.B, db *postgres.DB) string {
	b.Helper()

	schema, err := liveschema.Read(b.Context(), db, "app")
	if err != nil {
		b.Fatal(err)
	}

	text, err := scaffold.Write(schema, scaffold.Options{})
	if err != nil {
		b.Fatal(err)
	}

	return marks.ReplaceAllString(text, "")
}

// marks are what people take out of a first map.
var marks = regexp.MustCompile(`(?m)^        guessed:\n(          .*\n)+`)

// onlyAsk sends the statements and reads the answers, and makes nothing of them.
func onlyAsk(ctx context.Context, db *postgres.DB) error {
	return db.InSnapshot(ctx, func(ctx context.Context, tx postgres.Tx) error {
		for _, statement := range liveschema.Statements() {
			rows, err := tx.Query(ctx, statement)
			if err != nil {
				return err
			}

			for rows.Next() {
				rows.RawValues()
			}

			rows.Close()

			if err := rows.Err(); err != nil {
				return err
			}
		}

		return nil
	})
}
