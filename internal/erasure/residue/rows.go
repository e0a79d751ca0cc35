package residue

import (
	"bytes"
	"cmp"
	"slices"

	"steward/internal/datamap"
)

// reader looks through rows as COPY writes them: fields between tabs, rows between newlines; what is such a
// sign itself is escaped. It holds one row at a time.
type reader struct {
	pass  *Pass
	leaf  leaf
	rest  []byte // the beginning of a row that is not whole yet
	plain []byte // the last row whose escapes were undone
	found map[Finding]int64
}

// Write implements io.Writer.
func (r *reader) Write(p []byte) (int, error) {
	written := len(p)

	if len(r.rest) > 0 {
		p = append(r.rest, p...)
		r.rest = nil
	}

	for {
		end := bytes.IndexByte(p, '\n')
		if end < 0 {
			r.rest = append(r.rest, p...)

			return written, nil
		}

		r.row(p[:end])
		p = p[end+1:]
	}
}

// row notes what is found in a row, each finding once.
func (r *reader) row(row []byte) {
	row = r.undone(row)
	seen := map[Finding]bool{}

	at := fields{row: row}
	for _, one := range r.pass.matcher.find(row) {
		r.hit(row, at.number(one.at), r.pass.matcher.ownersOf(one), seen)
	}

	at = fields{row: row}
	for _, one := range r.pass.phones.find(row) {
		r.hit(row, at.number(one.at), r.pass.phones.ownersOf(one), seen)
	}
}

// fields counts the fields of a row from place to place, so that a row of many hits is gone through once.
type fields struct {
	row           []byte
	place, before int
}

// number is that of the field in which a place lies, from 0 on. Places come in order, but for those of one number with 00 before it.
func (f *fields) number(place int) int {
	if place > f.place {
		f.before += bytes.Count(f.row[f.place:place], []byte{'\t'})
		f.place = place
	}

	return f.before
}

// hit notes what is found in a field of a row, for all who look for it.
func (r *reader) hit(row []byte, field int, owners []int, seen map[Finding]bool) {
	if field == 0 {
		return // the account's key itself
	}

	account, _, _ := bytes.Cut(row, []byte{'\t'})

	for _, owner := range owners {
		sought := r.pass.sought[owner]
		finding := Finding{
			Erasure: sought.Erasure, Table: r.leaf.leaf.String(), Column: r.leaf.columns[field-1].name,
			Elsewhere: r.leaf.elsewhere(sought, r.pass.scope[sought.Account], string(account)),
		}
		finding.Decided = !finding.Elsewhere && r.leaf.keeps(sought, finding.Column)

		if !seen[finding] {
			seen[finding] = true
			r.found[finding]++
		}
	}
}

// elsewhere says that a row is another controller's: of the account of another customer than the one in whose scope the
// person was erased, or of any customer where the person was erased from the company's own tables. A row of which nobody knows
// the account, which COPY writes as \N, is nobody else's.
func (l leaf) elsewhere(sought Sought, scope, account string) bool {
	if sought.Account == "" {
		return l.role == datamap.Processor
	}

	return l.account != "" && account != `\N` && account != scope
}

// keeps says that the map lets a column keep what it holds of somebody who was erased.
func (l leaf) keeps(sought Sought, column string) bool {
	if l.decided == nil {
		return false
	}

	if l.decided.NotPersonal != "" {
		return sought.Key
	}

	decided, _ := l.decided.Column(column)

	return decided.Decision == datamap.Retain || sought.Key && decided.Decision == datamap.NotPersonal
}

// findings are what was found, in order.
func (r *reader) findings() (findings []Finding) {
	for finding, rows := range r.found {
		finding.Rows = rows
		findings = append(findings, finding)
	}

	slices.SortFunc(findings, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Erasure, b.Erasure), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Rows, b.Rows))
	})

	return findings
}
