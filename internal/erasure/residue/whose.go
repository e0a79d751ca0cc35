package residue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"steward/internal/erasure/route"
	"steward/internal/erasure/session"
	"steward/internal/liveschema"
)

// owner is what reads the key of the account that a row is of: its own column, or that of the row at the end of its path.
// It is empty where no path is known, and null where the path leads nowhere.
func (p *Pass) owner(way route.Route, name liveschema.Name, alias string) string {
	table, found := way.Table(name)
	if !found {
		return ""
	}

	if column := accountColumn(table); column != "" {
		return alias + "." + liveschema.Quote(column)
	}

	decided := p.Decided.Table(name)
	if decided == nil || len(decided.Path) == 0 {
		return ""
	}

	for _, selector := range table.Selectors {
		key := selector.Key
		if key == nil || key.To == name || !slices.Equal(slices.Sorted(slices.Values(key.Columns)), slices.Sorted(slices.Values(decided.Path))) {
			continue
		}

		parent, joins := alias+"p", []string{}
		for i, column := range key.Columns {
			joins = append(joins, alias+"."+liveschema.Quote(column)+" = "+parent+"."+liveschema.Quote(key.ToColumns[i]))
		}

		if above := p.owner(way, key.To, parent); above != "" {
			return "(select " + above + " from " + key.To.SQL() + " as " + parent + " where " + strings.Join(joins, " and ") + " limit 1)"
		}
	}

	return ""
}

// accountColumn is the column of a table that holds the account's key, empty if its path does not copy it.
func accountColumn(table route.Table) string {
	for _, selector := range table.Selectors {
		if selector.Account != "" {
			return selector.Account
		}
	}

	return ""
}

// scopes writes the accounts of all who are sought as COPY writes the account's key: a UUID has many ways to be written. What
// is no value of the key's type stays as it is, since no row can hold it.
func (p *Pass) scopes(ctx context.Context, on *session.Session) error {
	const cannotBeRead = "22" // the class of values that a type does not have

	live := p.live(p.Decided.Account.Table)
	column, _ := live.Column(p.Decided.Account.Key)
	p.scope = map[string]string{"": ""}

	for _, one := range p.sought {
		if _, done := p.scope[one.Account]; done {
			continue
		}

		as := one.Account

		if column.Type != "" {
			err := on.QueryRow(ctx, "select $1::text::"+column.Type+"::text", one.Account).Scan(&as)
			if answer, ok := errors.AsType[*pgconn.PgError](err); ok && strings.HasPrefix(answer.Code, cannotBeRead) {
				as, err = one.Account, nil
			}

			if err != nil {
				return fmt.Errorf("reading the key of an account: %w", err)
			}
		}

		p.scope[one.Account] = strings.NewReplacer(`\`, `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(as)
	}

	return nil
}
