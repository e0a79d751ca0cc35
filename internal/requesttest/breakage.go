package requesttest

import (
	"maps"
	"slices"
	"strings"
)

// tries is how often a breakage is looked for: not every change breaks a rule.
const tries = 50

// Broken makes a value of which the document forbids something, and reports whether it
// found one: a schema may allow everything.
func (g *Generator) Broken(schema *Schema) (any, bool) {
	for range tries {
		value := g.mutate(schema, g.Value(schema))
		if g.Document.Validate(schema, value, false) != nil {
			return value, true
		}
	}

	return nil, false
}

// mutate changes one thing somewhere in the value.
func (g *Generator) mutate(schema *Schema, value any) any {
	schema = g.Document.resolve(schema)

	switch value := value.(type) {
	case map[string]any:
		if len(value) > 0 && schema != nil && g.Random.IntN(2) == 0 {
			names := slices.Sorted(maps.Keys(value))
			name := names[g.Random.IntN(len(names))]
			value[name] = g.mutate(schema.Properties[name], value[name])

			return value
		}

		return g.mutateObject(value)
	case []any:
		if len(value) > 0 && schema != nil && g.Random.IntN(2) == 0 {
			i := g.Random.IntN(len(value))
			value[i] = g.mutate(schema.Items, value[i])

			return value
		}
	case string:
		return g.mutateText(schema, value)
	case float64:
		return g.mutateNumber(schema, value)
	}

	return g.other()
}

func (g *Generator) mutateObject(value map[string]any) any {
	names := slices.Sorted(maps.Keys(value))

	switch g.Random.IntN(4) {
	case 0:
		return g.other()
	case 1:
		value["ada_lovelace"] = "x"
	case 2:
		if len(names) > 0 {
			delete(value, names[g.Random.IntN(len(names))])
		}
	case 3:
		if len(names) > 0 {
			name := names[g.Random.IntN(len(names))]
			value[strings.ToUpper(name)] = value[name]
			delete(value, name)
		}
	}

	return value
}

func (g *Generator) mutateText(schema *Schema, value string) any {
	switch g.Random.IntN(5) {
	case 0:
		return ""
	case 1:
		if schema != nil && schema.MaxLength != nil {
			return strings.Repeat("x", *schema.MaxLength+1)
		}
	case 2:
		return value + " \u202e!"
	case 3:
		return strings.ToUpper(value) + "?"
	}

	return g.other()
}

func (g *Generator) mutateNumber(schema *Schema, value float64) any {
	switch g.Random.IntN(5) {
	case 0:
		if schema != nil && schema.Maximum != nil {
			return *schema.Maximum + 1
		}
	case 1:
		if schema != nil && schema.Minimum != nil {
			return *schema.Minimum - 1
		}
	case 2:
		return value + 0.5
	case 3:
		return 1e300
	}

	return g.other()
}

// other is a value of some other type.
func (g *Generator) other() any {
	all := []any{nil, true, 3.5, "x", []any{}, []any{nil}, map[string]any{}, map[string]any{"a": 1.0}}

	return all[g.Random.IntN(len(all))]
}
