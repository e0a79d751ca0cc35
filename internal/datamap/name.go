package datamap

import (
	"fmt"
	"strings"

	"steward/internal/liveschema"
	"steward/internal/strictyaml"
)

// tableKind is the name of a table with its schema. Where one of both holds a dot or a quotation mark
// it is quoted as in SQL; otherwise upper case, spaces and the like need no quotes.
func tableKind() strictyaml.Kind[liveschema.Name] {
	return strictyaml.Kind[liveschema.Name]{
		Form: `a table with its schema, such as app.leads (SQL's quotes only around a name with a dot: app."a.b")`, Parse: ParseName,
	}
}

// ParseName reads the name of a table as the data map writes it: schema.table. A name that
// holds a dot or a quotation mark is quoted as in SQL. It fails for any other text.
func ParseName(text string) (liveschema.Name, error) {
	schema, rest, err := cutName(text)
	if err != nil {
		return liveschema.Name{}, err
	}

	if !strings.HasPrefix(rest, ".") {
		return liveschema.Name{}, fmt.Errorf("%q has no schema before the table", text)
	}

	table, rest, err := cutName(rest[1:])
	if err != nil {
		return liveschema.Name{}, err
	}

	if rest != "" {
		return liveschema.Name{}, fmt.Errorf("%q has more than a schema and a table: quote a name that holds a dot", text)
	}

	return liveschema.Name{Schema: schema, Table: table}, nil
}

// cutName takes the first name off a text.
func cutName(text string) (name, rest string, err error) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexByte(text, '.')
		if end < 0 {
			end = len(text)
		}

		name, rest = text[:end], text[end:]
		if strings.Contains(name, `"`) {
			return "", "", fmt.Errorf("%q has a quotation mark inside of a name", text)
		}
	} else if name, rest, err = cutQuoted(text); err != nil {
		return "", "", err
	}

	_, err = columnKind().Parse(name)

	return name, rest, err
}

// cutQuoted takes a name in quotes off a text; two quotation marks are one.
func cutQuoted(text string) (name, rest string, err error) {
	var inside strings.Builder

	for i := 1; i < len(text); i++ {
		if text[i] != '"' {
			inside.WriteByte(text[i])

			continue
		}

		if i+1 == len(text) || text[i+1] != '"' {
			return inside.String(), text[i+1:], nil
		}

		inside.WriteByte('"')

		i++
	}

	return "", "", fmt.Errorf("%q has a quotation mark without another", text)
}

// WriteName writes a name as ParseName reads it.
func WriteName(name liveschema.Name) string {
	return writePart(name.Schema) + "." + writePart(name.Table)
}

func writePart(name string) string {
	if strings.ContainsAny(name, `."`) {
		return liveschema.Quote(name)
	}

	return name
}
