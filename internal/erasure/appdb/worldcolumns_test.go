package appdb_test

import (
	"bytes"
	"strings"

	"pgregory.net/rapid"

	"steward/internal/datamap"
	"steward/internal/erasure/pseudonym"
)

// wcolumn is a column that holds neither a key nor whose a row is.
type wcolumn struct {
	name, kind string // kind is its type, with what follows that
	json       string // the path to the words in a JSON column
	required   bool   // it holds no null
	decision   datamap.Decision
	strategy   datamap.Strategy
	value      string
	fixed      any // value as JSON has it
}

// way is a strategy with its value, in the map and as JSON has it.
type way struct {
	strategy datamap.Strategy
	value    string
	fixed    any
}

// ways are those that a type can hold.
func ways(kind string) []way {
	null := way{strategy: datamap.Null}

	switch kind {
	case "text":
		return []way{
			null,
			{datamap.Fixed, "it's gone", "it's gone"},
			{datamap.Fixed, "", ""},
			{strategy: datamap.KeyedHash},
			{strategy: datamap.KeyedHash, value: "erased-{}@example.invalid"},
		}
	case "jsonb":
		return []way{null, {datamap.Fixed, `{"gone": [true]}`, map[string]any{"gone": []any{true}}}}
	case "date":
		return []way{null, {datamap.Fixed, "1900-01-01", "1900-01-01"}}
	default:
		return []way{null, {datamap.Fixed, "0", float64(0)}}
	}
}

// drawColumns gives a table its words, then others of several types, and what the map says of each. What inherits has the same
// types, and a map of its own.
func (w *world) drawColumns(t *rapid.T, i int) {
	table := w.tables[i]

	if table.heir >= 0 {
		for _, theirs := range w.tables[table.heir].columns {
			column := *theirs
			column.drawWay(t, table.person != "")
			table.columns = append(table.columns, &column)
		}

		return
	}

	words := &wcolumn{name: "words", kind: "text", required: rapid.Bool().Draw(t, "words required")}
	if table.person != "" && rapid.Bool().Draw(t, "words in JSON") {
		words.kind, words.json = "jsonb", "$.mails"
	}

	table.columns = []*wcolumn{words}

	for _, column := range []*wcolumn{{name: "name", kind: "text"}, {name: "born", kind: "date"}, {name: "Score", kind: "integer"}, {name: "note", kind: "text"}} {
		if rapid.Bool().Draw(t, column.name) {
			column.required = rapid.Bool().Draw(t, column.name+" required")
			table.columns = append(table.columns, column)
		}
	}

	for _, column := range table.columns {
		column.drawWay(t, table.person != "")
	}

	if rapid.Bool().Draw(t, "computed") {
		table.columns = append(table.columns, &wcolumn{
			name: "computed", kind: "text generated always as (upper(words::text)) stored", decision: datamap.Erase, strategy: datamap.Null,
		})
	}
}

// drawWay draws what the map says. Words in which a person is found say something about somebody.
func (c *wcolumn) drawWay(t *rapid.T, people bool) {
	if c.computed() {
		return
	}

	decisions := []datamap.Decision{datamap.Erase, datamap.Erase, datamap.Retain, datamap.NotPersonal}
	if people && c.name == "words" {
		decisions = decisions[:3]
	}

	c.decision = rapid.SampledFrom(decisions).Draw(t, c.name+" is")

	ways := ways(c.kind)
	if c.required {
		ways = ways[1:]
	}

	drawn := rapid.SampledFrom(ways).Draw(t, c.name+" becomes")
	c.strategy, c.value, c.fixed = drawn.strategy, drawn.value, drawn.fixed

	if c.json != "" {
		c.json = rapid.SampledFrom([]string{"$.mails", "$.mails[*]", "$.*"}).Draw(t, "json")
	}
}

func (c *wcolumn) computed() bool { return strings.Contains(c.kind, "generated") }

// draw draws a value as SQL writes it.
func (c *wcolumn) draw(t *rapid.T, words string) string {
	switch {
	case c.computed():
		return "default"
	case c.json != "":
		return `'{"n": 1, "mails": ["nobody", ["` + words + `"]]}'`
	case c.name == "words":
		return "'" + words + "'"
	case !c.required && rapid.IntRange(0, 3).Draw(t, "null value") == 0:
		return "null"
	default:
		return rapid.SampledFrom(map[string][]string{
			"text": {"'Ada'", "''", "'it''s gone'", "'erased-0123456789abcdef0123456789abcdef@example.invalid'", "'0123456789abcdef0123456789abcdef'"},
			"date": {"'1815-12-10'", "'1900-01-01'"}, "integer": {"0", "42"},
		}[c.kind]).Draw(t, "value")
	}
}

// decision is what the map says of a column. Nothing is retained where rows go.
func (t *wtable) decision(c *wcolumn) datamap.Column {
	decided := datamap.Column{Name: c.name, Decision: c.decision}

	if c.decision == datamap.Retain {
		decided.Basis, decided.Until = "invoices", "10y"

		if t.rows == datamap.Delete || t.person == datamap.Delete {
			decided = datamap.Column{Name: c.name, Decision: datamap.Erase}
		}
	}

	if decided.Decision == datamap.Erase {
		decided.Strategy, decided.Value = c.strategy, c.value
	}

	return decided
}

// becomes is the value of a column of a row that stays, as JSON has it.
func (t *wtable) becomes(c *wcolumn, was any) any {
	if t.decision(c).Decision != datamap.Erase {
		return was
	}

	switch c.strategy {
	case datamap.Fixed:
		return c.fixed
	case datamap.KeyedHash:
		if text, ok := was.(string); ok {
			return pseudonym.Write(c.value, pseudonym.Hash(worldKey(), text))
		}
	case datamap.Null, datamap.WithRow:
	}

	return nil
}

// worldKey is the key of keyed hashes.
func worldKey() []byte { return bytes.Repeat([]byte("k"), 32) }
