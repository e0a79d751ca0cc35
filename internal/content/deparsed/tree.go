package deparsed

import "strings"

// item is a token, or what stands between two brackets.
type item struct {
	token  string // empty for a group
	open   string // "(" or "["; empty for a token
	inside []item
	closed bool // a group whose bracket has no partner has no end
}

// is reports whether the item is this token.
func (i item) is(token string) bool { return i.open == "" && i.token == token }

// parse makes a tree of tokens. A closing bracket without a partner is a token
// like others, so that any text has a tree.
func parse(tokens []string) []item {
	items, _ := parseUntil(tokens, "")

	return items
}

// parseUntil reads items up to the bracket end, and gives how many tokens it
// used, the bracket included; one more than there are tells that it is missing.
func parseUntil(tokens []string, end string) (items []item, used int) {
	for used < len(tokens) {
		token := tokens[used]
		used++

		partner := closing(token)

		switch {
		case token == end:
			return items, used
		case partner != "":
			inside, more := parseUntil(tokens[used:], partner)
			used += more
			items = append(items, item{open: token, inside: inside, closed: used <= len(tokens)})
		default:
			items = append(items, item{token: token})
		}
	}

	if end != "" {
		used++
	}

	return items, used
}

// closing is the partner of an opening bracket, empty for any other token.
func closing(token string) string {
	switch token {
	case "(":
		return ")"
	case "[":
		return "]"
	default:
		return ""
	}
}

// write appends the items, tokens apart by one space, so that two trees have one
// text only if they are equal.
func write(to *strings.Builder, items []item) {
	for _, i := range items {
		if i.open == "" {
			to.WriteString(i.token)
			to.WriteByte(' ')

			continue
		}

		to.WriteString(i.open)
		to.WriteByte(' ')
		write(to, i.inside)

		if i.closed {
			to.WriteString(closing(i.open))
			to.WriteByte(' ')
		}
	}
}

// split cuts items at a token; without one there is one part.
func split(items []item, at string) [][]item {
	var parts [][]item

	from := 0

	for i := range items {
		if items[i].is(at) {
			parts = append(parts, items[from:i])
			from = i + 1
		}
	}

	return append(parts, items[from:])
}
