// Package residue looks for people who were erased in every text of a database: all their unique identifiers at
// once, in one pass over the tables, a range of pages at a time. It knows nothing of keys, and so finds what no map
// has thought of: an address in a note, in somebody's JSON, in a list of tags.
//
// It does not look into bytea columns and large objects, where a text has no one form. Letters outside of
// ASCII are found as they were given, all small and all capital, and not mixed.
package residue

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/datamap"
	"steward/internal/erasure/plan"
	"steward/internal/erasure/route"
	"steward/internal/erasure/session"
	"steward/internal/failure"
	"steward/internal/faults"
	"steward/internal/liveschema"
	"steward/internal/postgres"
	"steward/internal/throttle"
)

// Sought is one identifier of one erasure.
type Sought struct {
	// Erasure is the opaque id of the erasure.
	Erasure string
	// Account is the scope of the person, empty for all tables of the controller.
	Account  string
	Identity datamap.Identity
	Value    string
	// Key says that the value is the key of an erased account, which rows that stay may name where the map lets them.
	Key bool
}

// Finding is where identifiers of an erasure are.
type Finding struct {
	Erasure string `json:"erasure"`
	Table   string `json:"table"`
	Column  string `json:"column"`
	// Rows is how many rows hold one.
	Rows int64 `json:"rows"`
	// Elsewhere says that the row is of another account than the person's scope: the customer whose account that is decides about
	// it, and it blocks nothing.
	Elsewhere bool `json:"elsewhere,omitempty"`
	// Decided says that the map lets the column keep what it holds: on a basis that the policy publishes, or, of the key of an
	// account, since it says nothing about anybody. It blocks nothing.
	Decided bool `json:"decided,omitempty"`
}

// Left says that it is to be removed: neither another controller's, nor kept by decision.
func (f Finding) Left() bool { return !f.Elsewhere && !f.Decided }

// Cursor is how far a pass is: the tables before Table are done, and its pages before Page. The zero value is the beginning.
type Cursor struct {
	Table string `json:"table"`
	Page  int64  `json:"page"`
}

// Pass is one pass over one database.
type Pass struct {
	Decided datamap.Database
	Schema  liveschema.Schema
	// Pages is how many pages of a table, of 8 KiB, one statement reads; 0 is DefaultPages.
	Pages int64
	// BytesPerSecond is how fast texts may be read on average; 0 is without a limit.
	BytesPerSecond int64
	// Only are the tables, or partitions, that are looked through; nil for all.
	Only []liveschema.Name
	// Done is told after each range what was found in it, and how far the pass is: who keeps both may go on from there in
	// another process. An error of it ends the pass.
	Done func(ctx context.Context, found []Finding, next Cursor) error

	matcher *matcher
	phones  *phones
	sought  []Sought          // what the matcher looks for, then what phones does
	scope   map[string]string // the accounts of those who are sought, as COPY writes them
	pace    *throttle.Pace
}

// DefaultPages are 32 MiB of a table, which a statement reads in less than a second.
const DefaultPages = 4096

// longPhone is how many digits a phone number has at least to be looked for.
const longPhone = 8

// Unique says whether an identifier is unique enough to be looked for in texts: a mail address, a UUID, a phone number or
// another identifier that is long. A first name, or a number of four digits, is not.
func Unique(identity datamap.Identity, value string) bool {
	const longWord = 12

	switch identity {
	case datamap.Email:
		return len(value) >= shortest && strings.Contains(value, "@")
	case datamap.Phone:
		return len(digits(value)) >= longPhone
	default:
		return len(value) >= longWord
	}
}

func digits(value string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}

		return r
	}, value)
}

// Run looks for all that is sought and unique, from a cursor on. It fails with Unavailable, with StoreRefuses
// where the login may not read a table, and with the error of Done.
func (p *Pass) Run(ctx context.Context, db *postgres.DB, sought []Sought, from Cursor) error {
	p.prepare(sought)

	if len(p.sought) == 0 {
		return nil
	}

	on, err := session.Open(ctx, db)
	if err != nil {
		return err
	}
	defer on.Close(ctx)

	if err := p.scopes(ctx, on); err != nil {
		return failure.Wrap(failure.Unavailable, "looking through texts", err)
	}

	for _, table := range p.leaves() {
		if table.leaf.String() < from.Table {
			continue
		}

		page := int64(0)
		if table.leaf.String() == from.Table {
			page = from.Page
		}

		if err := p.table(ctx, on, table, page); err != nil {
			return refused(table.leaf, err)
		}
	}

	return nil
}

// refused tells a table that the login may not read from a database that is busy or away.
func refused(of liveschema.Name, err error) error {
	const insufficientPrivilege = "42501"

	code := failure.Unavailable
	if answer, ok := errors.AsType[*pgconn.PgError](err); ok && answer.Code == insufficientPrivilege {
		code = failure.StoreRefuses
	}

	return failure.Wrap(code, "looking through "+of.String(), err)
}

// prepare makes what finds. A phone number is looked for by its digits, however they are written, and as it is held.
func (p *Pass) prepare(sought []Sought) {
	var (
		values, numbers []string
		called          []Sought
	)

	p.sought = nil

	for _, one := range sought {
		if !Unique(one.Identity, one.Value) {
			continue
		}

		plain := digits(one.Value)
		byDigits := one.Identity == datamap.Phone && len(plain) <= mostDigits

		if byDigits {
			numbers, called = append(numbers, plain), append(called, one)
		}

		if !byDigits || plain != one.Value {
			values, p.sought = append(values, one.Value), append(p.sought, one)
		}
	}

	p.matcher, p.phones = newMatcher(values), newPhones(len(p.sought), numbers)
	p.sought, p.pace = append(p.sought, called...), throttle.NewPace(p.BytesPerSecond)

	if p.Pages == 0 {
		p.Pages = DefaultPages
	}
}

// leaf is one table that holds rows itself, with the columns that are looked into.
type leaf struct {
	leaf    liveschema.Name
	columns []column
	json    bool   // one of them is read as JSON
	account string // what reads the key of the account that a row is of, empty where nobody knows
	role    datamap.Role
	decided *datamap.Table // nil where nobody decided
}

// leaves are the tables with texts, in the order of their names.
func (p *Pass) leaves() (leaves []leaf) {
	// Which columns hold the account's key is sure even where the route has problems.
	way, _ := route.Build(p.Decided, p.Schema, route.Kind{Subject: plan.Account})

	for _, live := range p.Schema.Tables {
		of := leaf{columns: texts(live)}
		of.json = slices.ContainsFunc(of.columns, func(c column) bool { return c.json })

		if len(of.columns) == 0 || live.Kind == liveschema.Foreign {
			continue
		}

		of.decided = p.Decided.Table(live.Name)
		if of.decided != nil && of.decided.NotPersonal == "" {
			of.account, of.role = p.owner(way, live.Name, "t"), of.decided.Role
		}

		names := []liveschema.Name{live.Name}
		if live.Kind == liveschema.Partitioned {
			names = live.Partitions
		}

		for _, of.leaf = range names {
			if p.Only == nil || slices.Contains(p.Only, of.leaf) {
				leaves = append(leaves, of)
			}
		}
	}

	slices.SortFunc(leaves, func(a, b leaf) int { return cmp.Compare(a.leaf.String(), b.leaf.String()) })

	return leaves
}

// column is one that is looked into: how it is read, and whether that gives JSON.
type column struct {
	name, read string
	json       bool
}

// texts are the columns that can hold a text. JSON inside of lists and records is read as a part of theirs.
func texts(live liveschema.Table) (columns []column) {
	const text, array, composite = "S", "A", "C"

	for _, of := range live.Columns {
		read := "t." + liveschema.Quote(of.Name)

		switch {
		case of.Base == "json" || of.Base == "jsonb":
			columns = append(columns, column{of.Name, read + "::text", true})
		case of.Base == "json[]" || of.Base == "jsonb[]" || of.Category == composite:
			columns = append(columns, column{of.Name, "pg_catalog.to_json(" + read + ")::text", true})
		case of.Category == text || of.Category == array,
			slices.Contains([]string{"xml", "uuid", "hstore", "tsvector"}, of.Base):
			columns = append(columns, column{of.Name, read + "::text", false})
		default:
		}
	}

	return columns
}

// table looks through one table.
func (p *Pass) table(ctx context.Context, on *session.Session, of leaf, page int64) error {
	var pages int64
	if err := on.QueryRow(ctx, "select pg_relation_size($1::text::regclass) / current_setting('block_size')::bigint",
		of.leaf.SQL()).Scan(&pages); err != nil {
		return fmt.Errorf("measuring: %w", err)
	}

	for first := page == 0; first || page < pages; first = false {
		next := page + p.Pages
		rows := &reader{pass: p, leaf: of, found: map[Finding]int64{}}

		statement := p.statement(of, page, next)
		if next >= pages {
			statement = p.statement(of, page, 0) // what was added meanwhile too
		}

		err := faults.Do(ctx, faults.SQL, "copy", func(ctx context.Context) error {
			_, err := on.Raw().PgConn().CopyTo(ctx, p.pace.Writer(ctx, rows), statement)

			return err //nolint:wrapcheck // wrapped below
		})
		if err != nil {
			return fmt.Errorf("reading: %w", err)
		}

		if page = next; p.Done != nil {
			if err := p.Done(ctx, rows.findings(), Cursor{Table: of.leaf.String(), Page: page}); err != nil {
				return err
			}
		}
	}

	return nil
}

// statement reads a range of pages, without an end where last is 0.
func (p *Pass) statement(of leaf, first, last int64) string {
	columns := []string{"null"}
	if of.account != "" {
		columns[0] = of.account + "::text"
	}

	for _, column := range of.columns {
		columns = append(columns, column.read)
	}

	condition := fmt.Sprintf("t.ctid >= '(%d,0)'", first)
	if last > 0 {
		condition += fmt.Sprintf(" and t.ctid < '(%d,0)'", last)
	}

	return "copy (select " + strings.Join(columns, ", ") + " from only " + of.leaf.SQL() + " as t where " + condition + ") to stdout"
}

// live is the table that a leaf is, or is a part of.
func (p *Pass) live(name liveschema.Name) liveschema.Table {
	for _, table := range p.Schema.Tables {
		if table.Name == name || slices.Contains(table.Partitions, name) {
			return table
		}
	}

	return liveschema.Table{}
}
