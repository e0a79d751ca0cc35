package demoapp

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"
)

// flushAt is how many bytes of rows are gathered before they go to the server.
const flushAt = 64 << 10

// rows writes table rows in the text format of COPY: values separated by tabs, \N for null, backslash escapes.
// The text format needs no type to be registered, so domains, enums and extension types need no special care.
type rows struct {
	out     io.Writer
	buf     []byte
	inRow   bool
	count   int64
	flushed func(count int64)
	failure error
}

func (r *rows) next() {
	if r.inRow {
		r.buf = append(r.buf, '\t')
	}
	r.inRow = true
}

func (r *rows) null() {
	r.next()
	r.buf = append(r.buf, `\N`...)
}

// plain writes a value that needs no escaping: no tab, newline or backslash can be in it.
func (r *rows) plain(s string) {
	r.next()
	r.buf = append(r.buf, s...)
}

func (r *rows) text(s string) {
	r.next()
	for i := range len(s) {
		switch c := s[i]; c {
		case '\t':
			r.buf = append(r.buf, `\t`...)
		case '\n':
			r.buf = append(r.buf, `\n`...)
		case '\r':
			r.buf = append(r.buf, `\r`...)
		case '\\':
			r.buf = append(r.buf, `\\`...)
		default:
			r.buf = append(r.buf, c)
		}
	}
}

// optional writes null for an empty text.
func (r *rows) optional(s string) {
	if s == "" {
		r.null()
		return
	}
	r.text(s)
}

func (r *rows) int(n int64) {
	r.next()
	r.buf = strconv.AppendInt(r.buf, n, 10)
}

func (r *rows) bool(b bool) {
	if b {
		r.plain("t")
	} else {
		r.plain("f")
	}
}

func (r *rows) bytes(b []byte) {
	r.next()
	r.buf = append(r.buf, `\\x`...)
	r.buf = hex.AppendEncode(r.buf, b)
}

func (r *rows) time(t time.Time) {
	r.next()
	r.buf = t.UTC().AppendFormat(r.buf, "2006-01-02 15:04:05.999999-07")
}

func (r *rows) date(t time.Time) {
	r.next()
	r.buf = t.UTC().AppendFormat(r.buf, time.DateOnly)
}

// cents writes an amount with two decimals.
func (r *rows) cents(n int64) {
	const hundred = 100
	r.plain(fmt.Sprintf("%d.%02d", n/hundred, n%hundred))
}

// json writes a document; what cannot be one fails the table at its next row end.
func (r *rows) json(v any) {
	doc, err := json.Marshal(v)
	if err != nil && r.failure == nil {
		r.failure = fmt.Errorf("writing a JSON value: %w", err)
	}
	r.text(string(doc))
}

// array writes a text[]; each element is quoted, so nothing in it can end it.
func (r *rows) array(items ...string) {
	literal := []byte{'{'}
	for i, item := range items {
		if i > 0 {
			literal = append(literal, ',')
		}
		literal = append(literal, '"')
		for j := range len(item) {
			if item[j] == '"' || item[j] == '\\' {
				literal = append(literal, '\\')
			}
			literal = append(literal, item[j])
		}
		literal = append(literal, '"')
	}
	r.text(string(append(literal, '}')))
}

// end closes the row. Its error ends the table: a value that could not be written, or a server that takes no more.
func (r *rows) end() error {
	r.buf = append(r.buf, '\n')
	r.inRow = false
	r.count++
	if r.failure != nil {
		return r.failure
	}
	if len(r.buf) >= flushAt {
		return r.flush()
	}
	return nil
}

func (r *rows) flush() error {
	if _, err := r.out.Write(r.buf); err != nil {
		return fmt.Errorf("sending rows: %w", err)
	}
	r.buf = r.buf[:0]
	if r.flushed != nil {
		r.flushed(r.count)
	}
	return nil
}
