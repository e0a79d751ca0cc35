package deparsed_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"steward/internal/content/deparsed"
)

func ExampleNormal() {
	source := deparsed.Normal(`((status)::text = ANY ((ARRAY['new'::character varying, 'old'::character varying])::text[]))`)
	restored := deparsed.Normal(`((status)::text = ANY (ARRAY[('new'::character varying)::text, ('old'::character varying)::text]))`)

	fmt.Println(source == restored)
	// Output: true
}

func TestOneFormOfTheSame(t *testing.T) {
	t.Parallel()

	for _, pair := range [][2]string{
		{"(((a > 1) AND (a < 9)) AND (b > 0))", "((a > 1) AND (a < 9) AND (b > 0))"},
		{"((b > 0) AND ((a > 1) AND (a < 9)))", "((b > 0) AND (a > 1) AND (a < 9))"},
		{"(((a < 1) OR (a > 9)) OR b)", "((a < 1) OR (a > 9) OR b)"},
		{"(a AND (b OR (c OR d)))", "(a AND (b OR c OR d))"},
		{"((((a AND b) AND c) AND d) AND e)", "(a AND b AND c AND d AND e)"},
		{"(ARRAY[1, 2])::numeric[]", "ARRAY[(1)::numeric, (2)::numeric]"},
		{"(ARRAY[f(a, b)])::stock.\"My Type\"[]", "ARRAY[(f(a, b))::stock.\"My Type\"]"},
		{"(ARRAY[a])::character varying(3)[] AND b", "ARRAY[(a)::character varying(3)] AND b"},
		{"(ARRAY[a])::timestamp(3) with time zone[]", "ARRAY[(a)::timestamp(3) with time zone]"},
		{"(ARRAY[ARRAY['a'::character varying]])::text[]", "ARRAY[ARRAY[('a'::character varying)::text]]"},
		{"((- 5) >= i)", "('-5'::integer >= i)"},
		{"((- 2.5) >= i)", "('-2.5'::numeric >= i)"},
		{"SELECT 'x'::text, b", "SELECT 'x'::text AS text, b"},
		{"SELECT '-1'::integer UNION", "SELECT '-1'::integer AS int4 UNION"},
		{"SELECT NULL::character varying(3)", "SELECT NULL::character varying(3) AS \"varchar\""},
		{"SELECT '{}'::stock.mood[]", "SELECT '{}'::stock.mood[] AS mood"},
		{"SELECT a,\n    b\n   FROM t", "SELECT a, b FROM t"},
	} {
		if deparsed.Normal(pair[0]) != deparsed.Normal(pair[1]) {
			t.Errorf("%s\n%s\n%s\n%s", pair[0], deparsed.Normal(pair[0]), pair[1], deparsed.Normal(pair[1]))
		}
	}
}

// What means something else, or may, keeps another form.
func TestOtherFormsOfTheOther(t *testing.T) {
	t.Parallel()

	for _, pair := range [][2]string{
		{"((a OR b) AND c)", "(a OR (b AND c))"},
		{"((a AND b) OR c)", "(a AND (b OR c))"},
		{"(a AND b)", "(a OR b)"},
		{"(a AND b)", "(b AND a)"},
		{"(a AND b AND b)", "(a AND b)"},
		{"(NOT (a AND b))", "((NOT a) AND b)"},
		{"((a + b) * c)", "(a + (b * c))"},
		{"((a - b) - c)", "(a - (b - c))"},
		{"((a AND b), c)", "(a AND (b, c))"},
		{"(a AND ( SELECT b AND c))", "(a AND SELECT b AND c)"},
		{"(ARRAY['a'::character varying])::text[]", "ARRAY['a'::character varying]"},
		{"(ARRAY['a'])::text[]", "(ARRAY['a'])::varchar[]"},
		{"(ARRAY['a', 'b'])::text[]", "(ARRAY['a'])::text[]"},
		{"(ARRAY( SELECT a))::text[]", "ARRAY( (SELECT a)::text)"},
		{"(ARRAY[a])::tags", "ARRAY[(a)::tags]"},
		{"(a)::text", "a"},
		{"(a)::text", "(a)::name"},
		{"'a  b'", "'a b'"},
		{"'(a AND b) AND c'", "'a AND b AND c'"},
		{`"(a AND b)"`, `"a AND b"`},
		{"$f$((a AND b) AND c)$f$", "$f$(a AND b AND c)$f$"},
		{`E'\'((a AND b) AND c)'`, `E'\'(a AND b AND c)'`},
		{"SELECT 'x'::text AS a", "SELECT 'x'::text"},
		{"SELECT 'x'::text AS a", "SELECT 'x'::text AS b"},
		{"SELECT x AS text", "SELECT x"},
		{"((- 5) >= i)", "(5 >= i)"},
		{"(a - 5)", "(a '-5'::integer)"},
		{"ab", "a b"},
		{"< =", "<="},
		{`"A"`, `a`},
		{"'it''s'", "'it' 's'"},
		{"a.b", "ab"},
	} {
		if deparsed.Normal(pair[0]) == deparsed.Normal(pair[1]) {
			t.Errorf("%s and %s have one form", pair[0], pair[1])
		}
	}
}

// Whatever the text is, there is a form, and the form is its own.
func TestEveryTextHasAForm(t *testing.T) {
	t.Parallel()

	piece := rapid.SampledFrom([]string{
		"(", ")", "[", "]", "a", "AND", "OR", "ARRAY", "::", "text", "'", "\"", "$", "$f$", "E'", "\\", ",", " ", "\n", "1.5", "é", "<=", ":", "SELECT", "\x1f",
	})

	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOf(piece).Draw(t, "pieces"), "")

		if form := deparsed.Normal(text); deparsed.Normal(form) != form {
			t.Fatalf("%q has the form %q, which has the form %q", text, form, deparsed.Normal(form))
		}
	})
}
