package deparsed

import (
	"slices"
	"strings"
)

// cast is PostgreSQL's operator for it.
const cast = "::"

// Normal gives the one form of a text that PostgreSQL has deparsed. Texts of
// different meaning keep different forms. It never fails: what is no such text
// comes back with its white space evened out.
func Normal(text string) string {
	var written strings.Builder

	write(&written, normal(parse(tokens(text))))

	return strings.TrimSuffix(written.String(), " ")
}

// normal brings items into their form, the innermost first.
func normal(items []item) []item {
	for i := range items {
		if items[i].open != "" {
			items[i].inside = normal(items[i].inside)
		}
	}

	items = dropNames(pushCasts(negate(items)))
	for _, word := range []string{"AND", "OR"} {
		items = flatten(items, word)
	}

	return items
}

// negate turns the minus of a constant, (- 5), into the negative constant.
func negate(items []item) []item {
	const parts = 2

	var out []item

	for _, i := range items {
		if i.open != "(" || !i.closed || len(i.inside) != parts || !i.inside[0].is("-") || !isNumber(i.inside[1]) {
			out = append(out, i)

			continue
		}

		number := i.inside[1].token

		name := "integer" // PostgreSQL writes a bare constant for this type and numeric only
		if strings.ContainsAny(number, ".eE") {
			name = "numeric"
		}

		out = append(out, item{token: "'-" + number + "'"}, item{token: cast}, item{token: name})
	}

	return out
}

func isNumber(i item) bool { return i.open == "" && isDigit(i.token[0]) }

// flatten takes the parentheses off each operand of AND (or OR) that is an AND
// (or OR) itself: the order in which it is worked out does not matter. The query
// of a subselect is no operand, though it may hold the word.
func flatten(items []item, word string) []item {
	operands := split(items, word)
	if len(operands) == 1 {
		return items
	}

	var flat []item

	for i, operand := range operands {
		if i > 0 {
			flat = append(flat, item{token: word})
		}

		if len(operand) == 1 && operand[0].open == "(" && operand[0].closed && joins(operand[0].inside, word) {
			operand = operand[0].inside
		}

		flat = append(flat, operand...)
	}

	return flat
}

// joins reports whether items are operands of this word and nothing else.
func joins(items []item, word string) bool {
	return len(split(items, word)) > 1 && !slices.ContainsFunc(items, func(i item) bool {
		return i.is(",") || i.is("SELECT") || i.is("BETWEEN")
	})
}

// pushCasts turns each (ARRAY[a, b])::type[] into ARRAY[(a)::type, (b)::type].
func pushCasts(items []item) []item {
	var out []item

	for i := 0; i < len(items); i++ {
		if elements, ok := array(items[i]); ok && i+1 < len(items) && items[i+1].is(cast) {
			name := typeName(items[i+2:])
			if of, ok := elementOf(name); ok {
				out = append(out, item{token: "ARRAY"}, pushed(elements, of))
				i += 1 + len(name)

				continue
			}
		}

		out = append(out, items[i])
	}

	return out
}

// array gives the group of elements of (ARRAY[...]).
func array(i item) (item, bool) {
	if i.open != "(" || !i.closed {
		return item{}, false
	}

	return bareArray(i.inside)
}

// bareArray gives the group of elements of ARRAY[...]; an ARRAY(SELECT ...) has none.
func bareArray(items []item) (item, bool) {
	const parts = 2
	if len(items) != parts || !items[0].is("ARRAY") || items[1].open != "[" || !items[1].closed {
		return item{}, false
	}

	return items[1], true
}

// pushed casts each element. The elements of an array of arrays are cast to the
// same array, which goes on to theirs.
func pushed(elements item, of []item) item {
	var inside []item

	for i, element := range split(elements.inside, ",") {
		if i > 0 {
			inside = append(inside, item{token: ","})
		}

		if inner, ok := bareArray(element); ok {
			inside = append(inside, item{token: "ARRAY"}, pushed(inner, of))

			continue
		}

		if len(element) > 0 {
			inside = append(inside, item{open: "(", inside: element, closed: true}, item{token: cast})
			inside = append(inside, of...)
		}
	}

	return item{open: "[", inside: inside, closed: true}
}

// elementOf takes the [] off an array's type.
func elementOf(name []item) ([]item, bool) {
	if len(name) == 0 || name[len(name)-1].open != "[" || len(name[len(name)-1].inside) > 0 {
		return nil, false
	}

	return name[:len(name)-1], true
}

// typeName is the name of a type at the start of items, as format_type writes
// it: words, a schema's dot, modifiers in parentheses, and [] at the end.
func typeName(items []item) []item {
	for end, i := range items {
		switch {
		case i.open == "[" && len(i.inside) == 0:
			return items[:end+1]
		case i.open == "(" || i.open == "" && (i.token == "." || isWord(i.token[0]) || i.token[0] == '"'):
		default:
			return items[:end]
		}
	}

	return items
}
