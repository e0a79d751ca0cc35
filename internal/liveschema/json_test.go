package liveschema_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/liveschema"
	"steward/internal/pgtest"
	"steward/internal/postgres"
)

// asJSONB reads a text of a json column as jsonb.
func asJSONB(tb rapid.TB, db *postgres.DB, text string) string {
	tb.Helper()

	var read string
	if err := db.QueryRow(context.Background(), "select "+liveschema.Column{Base: "json"}.JSONB("body")+"::text from (select $1::json) as of (body)", text).Scan(&read); err != nil {
		tb.Fatalf("reading %s: %v", text, err)
	}

	return read
}

// What jsonb refuses in a json column is nobody's value: no number that somebody's key may be, and no text that an identity may be.
// What it holds stays what it is.
func TestJSONThatIsNoJSONB(t *testing.T) {
	t.Parallel()

	db := open(t, pgtest.Database(t))

	for text, want := range map[string]string{
		`{"a": 7e1000000, "b": [7E+200000,-7e-17000 ]}`: `{"a": null, "b": [null, null]}`,
		`1.` + strings.Repeat("0", 7000) + `e-9999`:     `null`,
		`7e131072`:        `null`,
		`[1.5e-16383]`:    `[null]`,
		`[0.7e00001]`:     `[7]`,
		`[70e-00001,1e5]`: `[7.0, 100000]`,
		`["7e1000000", "x 12,5e1000000 \"3e99999 ", 2e00002]`: `["7e1000000", "x 12,5e1000000 \"3e99999 ", 200]`,
		`"M\u0000ller"`:                                `"M\u0001ller"`,
		`["M\ufffdller", "\u0000"]`:                    `["M` + "\ufffd" + `ller", "\u0001"]`,
		`"\\ud83d\ude00"`:                              `"\\ud83d\u0001"`,
		`"\\\ud83d\ude00\ud83d"`:                       `"\\` + "\U0001f600" + `\u0001"`,
		`"\ud83d\ud83d\ude00\ude00"`:                   `"\u0001` + "\U0001f600" + `\u0001"`,
		`"\ude00\ud83d"`:                               `"\u0001\u0001"`,
		`"\\u0000 \\\\u0000 \u0061"`:                   `"\\u0000 \\\\u0000 a"`,
		`{"\u0000": "\u0000", "n": [true,false,null]}`: `{"\u0001": "\u0001", "n": [true, false, null]}`,
		`{"": "\u0000", "b": {}, "c": []}`:             `{"": "\u0001", "b": {}, "c": []}`,
	} {
		if read := asJSONB(t, db, text); read != want {
			t.Errorf("%s is read as %s, want %s", text, read, want)
		}
	}
}

// piece is a part of a JSON text, as it is written, and as it is held.
type piece struct{ written, held string }

// letters are drawn into strings: a lone half of a letter never stands before its other half, or the two would be one.
func letters(t *rapid.T) (of piece) {
	for range rapid.IntRange(0, 5).Draw(t, "letters") {
		each := rapid.SampledFrom([]piece{
			{"a", "a"},
			{" 7e99999,", " 7e99999,"},
			{`\\`, `\\`},
			{`\"`, `\"`},
			{`\n`, `\n`},
			{`\u0041`, "A"},
			{`u0000`, "u0000"},
			{`ud83d`, "ud83d"},
			{"é", "é"},
			{`\u0000`, `\u0001`},
			{`\ud83dx`, `\u0001x`},
			{`x\uDE00`, `x\u0001`},
			{`\uD83D\uDe00`, "\U0001f600"},
		}).Draw(t, "letter")
		of.written, of.held = of.written+each.written, of.held+each.held
	}

	return piece{`"` + of.written + `"`, `"` + of.held + `"`}
}

// numbers are with exponents around what PostgreSQL holds.
func numbers(t *rapid.T) piece {
	exponent := rapid.SampledFrom([]int{-20_000, -16_384, -16_383, -16_382, -3, 0, 7, 9999, 10_000, 131_070, 131_071, 131_072, 1_000_000, 2_000_000_000}).Draw(t, "exponent")
	whole := rapid.SampledFrom([]string{"7", "-7", "42", "12345"}).Draw(t, "whole")
	fraction := rapid.SampledFrom([]string{"", ".5", ".25"}).Draw(t, "fraction")
	zeros := rapid.SampledFrom([]string{"", "0", "0000"}).Draw(t, "zeros")
	written := fmt.Sprintf("%s%se%s%s%d", whole, fraction, map[bool]string{true: "-"}[exponent < 0], zeros, max(exponent, -exponent))

	if exponent+len(strings.TrimPrefix(whole, "-")) > 131_072 || max(len(fraction)-1, 0)-exponent > 16_383 {
		return piece{written, "null"}
	}

	return piece{written, written}
}

// Whatever a json column holds is read, and as what is in it.
func TestEveryJSONIsRead(t *testing.T) {
	t.Parallel()

	db := open(t, pgtest.Database(t))

	rapid.Check(t, func(t *rapid.T) {
		var written, held []string

		for range rapid.IntRange(1, 5).Draw(t, "parts") {
			key, value := letters(t), rapid.OneOf(rapid.Custom(letters), rapid.Custom(numbers)).Draw(t, "value")
			written = append(written, `{`+key.written+` : `+value.written+`}`)
			held = append(held, `{`+key.held+`:`+value.held+`}`)
		}

		var want string
		if err := db.QueryRow(t.Context(), "select $1::jsonb::text", `[`+strings.Join(held, ",")+`]`).Scan(&want); err != nil {
			t.Fatal(err)
		}

		if read := asJSONB(t, db, `[`+strings.Join(written, ",\n")+`]`); read != want {
			t.Errorf("%v is read as %.300s", written, read)
		}
	})
}
