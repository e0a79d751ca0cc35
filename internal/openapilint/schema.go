package openapilint

import (
	"maps"
	"slices"
	"strings"
)

// reference notes what is used, and finds references to nothing.
func (l *linter) reference(where string, schema node) {
	ref := schema.text("$ref")
	if ref == "" {
		return
	}

	l.used[ref] = true

	name, local := strings.CutPrefix(ref, "#/components/schemas/")
	if !local || !l.root.child("components").child("schemas").has(name) {
		l.say(where, ref+" is nowhere")
	}
}

// schema looks at an object with its members.
func (l *linter) schema(where string, schema node) {
	members := schema.child("properties")

	for _, required := range schema.list("required") {
		if name, ok := required.(string); !ok || !members.has(name) {
			l.say(where, "it requires a member that it does not have")
		}
	}

	for _, name := range slices.Sorted(maps.Keys(members)) {
		member, at := members.child(name), where+"."+name
		if !snake.MatchString(name) && !slices.Contains(l.foreign, strings.TrimPrefix(where, "schema ")) {
			l.say(at, "its name is not snake_case")
		}

		if member.text("description") == "" && !member.has("$ref") {
			l.say(at, "it has no description")
		}

		l.value(at, member)
	}
}

// value looks at one value: whoever reads it must know how large it can get.
func (l *linter) value(where string, schema node) {
	l.reference(where, schema)

	if schema.has("properties") {
		l.schema(where, schema)
	}

	switch kind(schema) {
	case "string":
		if !schema.has("maxLength") && !schema.has("enum") && !schema.has("format") && !schema.has("pattern") {
			l.say(where, "a text without maxLength, enum, format or pattern")
		}
	case "array":
		if !schema.has("maxItems") {
			l.say(where, "a list without maxItems")
		}

		if !schema.has("items") {
			l.say(where, "a list of nobody knows what")
		}

		l.value(where+"[]", schema.child("items"))
	case "":
		if !schema.has("$ref") && !schema.has("enum") {
			l.say(where, "it has no type")
		}
	}
}

// kind is the type of a schema beside null.
func kind(schema node) string {
	if name := schema.text("type"); name != "" {
		return name
	}

	for _, each := range schema.list("type") {
		if name, ok := each.(string); ok && name != "null" {
			return name
		}
	}

	return ""
}
