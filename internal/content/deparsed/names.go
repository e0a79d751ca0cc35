package deparsed

import "strings"

// dropNames takes AS name off a cast whose type alone gives that name. A column
// without a name of its own, such as the constant in SELECT a UNION SELECT 'x',
// is written 'x'::text; who reads that names the column text, and writes it so.
func dropNames(items []item) []item {
	const aliased = 2 // AS and the name

	var out []item

	for i := 0; i < len(items); i++ {
		out = append(out, items[i])

		if !items[i].is(cast) {
			continue
		}

		name := typeName(items[i+1:])
		after := items[i+1+len(name):]

		if at := indexOf(name, "AS"); at >= 0 {
			name, after = name[:at], items[i+1+at:]
		}

		if len(after) >= aliased && after[0].is("AS") && strings.Trim(after[1].token, `"`) == columnName(name) {
			out = append(out, name...)
			i += len(name) + aliased
		}
	}

	return out
}

func indexOf(items []item, token string) int {
	for i := range items {
		if items[i].is(token) {
			return i
		}
	}

	return -1
}

// columnName is the name that PostgreSQL gives to a column that is a cast to this
// type: the last part of its name, in the server's own spelling.
func columnName(name []item) string {
	var words []string

	for _, i := range name {
		switch {
		case i.is("."):
			words = nil
		case i.open == "":
			words = append(words, strings.Trim(i.token, `"`))
		}
	}

	text := strings.Join(words, " ")
	if own, ok := spelling()[text]; ok {
		return own
	}

	return text
}

// spelling are the server's own names of the types whose name SQL spells otherwise.
func spelling() map[string]string {
	return map[string]string{
		"bigint": "int8", "integer": "int4", "smallint": "int2", "real": "float4", "double precision": "float8",
		"boolean": "bool", "character varying": "varchar", "character": "bpchar", "bit varying": "varbit",
		"timestamp without time zone": "timestamp", "timestamp with time zone": "timestamptz",
		"time without time zone": "time", "time with time zone": "timetz",
	}
}
