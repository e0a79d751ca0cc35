package content

import (
	"fmt"
	"slices"
)

// Compare says how a copy differs from its source, one sentence for each
// difference, in a fixed order; none means that they are equal.
func Compare(source, restored Description) []string {
	differences := compareTables(source.Tables, restored.Tables)
	differences = append(differences, compareSequences(source.Sequences, restored.Sequences)...)

	if source.LargeObjects != restored.LargeObjects {
		differences = append(differences, "large objects: "+difference(source.LargeObjects, restored.LargeObjects))
	}

	differences = append(differences, compareExtensions(source.Extensions, restored.Extensions)...)
	differences = append(differences, comparePrivileges(source.Privileges, restored.Privileges)...)

	return append(differences, compareSchema(source.Schema, restored.Schema)...)
}

func difference(source, restored Digest) string {
	if source.Rows != restored.Rows {
		return fmt.Sprintf("%d rows became %d", source.Rows, restored.Rows)
	}

	return fmt.Sprintf("%d rows, but their content differs", source.Rows)
}

// index makes a look-up by key and gives the keys of both lists, sorted.
func index[T any](source, restored []T, key func(T) string) (from, to map[string]T, keys []string) {
	from, to = make(map[string]T, len(source)), make(map[string]T, len(restored))
	for _, item := range source {
		from[key(item)] = item
		keys = append(keys, key(item))
	}

	for _, item := range restored {
		to[key(item)] = item
		keys = append(keys, key(item))
	}

	slices.Sort(keys)

	return from, to, slices.Compact(keys)
}

// presence names what only one side has.
func presence(kind, key string, inSource, inCopy bool) string {
	switch {
	case inSource && !inCopy:
		return fmt.Sprintf("%s %q is missing", kind, key)
	case inCopy && !inSource:
		return fmt.Sprintf("%s %q is not in the source", kind, key)
	default:
		return ""
	}
}

func compareTables(source, restored []Table) (differences []string) {
	from, to, keys := index(source, restored, Table.Key)
	for _, key := range keys {
		was, inSource := from[key]
		is, inCopy := to[key]

		if text := presence("table", key, inSource, inCopy); text != "" {
			differences = append(differences, text)
		} else if was.Digest != is.Digest {
			differences = append(differences, fmt.Sprintf("table %q: %s", key, difference(was.Digest, is.Digest)))
		}
	}

	return differences
}

func compareSequences(source, restored []Sequence) (differences []string) {
	from, to, keys := index(source, restored, Sequence.Key)
	for _, key := range keys {
		was, inSource := from[key]
		is, inCopy := to[key]

		if text := presence("sequence", key, inSource, inCopy); text != "" {
			differences = append(differences, text)
		} else if !was.covers(is.After) {
			differences = append(differences, fmt.Sprintf("sequence %q stands at %d, outside of what it was during the dump",
				key, is.After.Last))
		}
	}

	return differences
}

// covers reports whether a copy's state is one that the sequence had between
// the two looks at it. A sequence that went round is known only at its ends.
func (s Sequence) covers(state Position) bool {
	if state == s.Before || state == s.After {
		return true
	}

	low, high := min(s.Before.Last, s.After.Last), max(s.Before.Last, s.After.Last)

	return state.Called && state.Last > low && state.Last < high
}

func compareExtensions(source, restored []Extension) (differences []string) {
	from, to, keys := index(source, restored, func(e Extension) string { return e.Name })
	for _, key := range keys {
		was, inSource := from[key]
		is, inCopy := to[key]

		if text := presence("extension", key, inSource, inCopy); text != "" {
			differences = append(differences, text)
		} else if was.Version != is.Version || was.Schema != is.Schema {
			differences = append(differences, fmt.Sprintf("extension %q %s in %q became %s in %q",
				key, was.Version, was.Schema, is.Version, is.Schema))
		}
	}

	return differences
}

func comparePrivileges(source, restored []string) (differences []string) {
	from, to, keys := index(source, restored, func(line string) string { return line })
	for _, key := range keys {
		_, inSource := from[key]
		_, inCopy := to[key]

		if text := presence("privilege", key, inSource, inCopy); text != "" {
			differences = append(differences, text)
		}
	}

	return differences
}

func compareSchema(source, restored []Definition) (differences []string) {
	from, to, keys := index(source, restored, func(d Definition) string { return d.Kind })
	for _, key := range keys {
		was, is := from[key], to[key]
		if was.Digest == is.Digest {
			continue
		}

		text := fmt.Sprintf("%d became %d", was.Rows, is.Rows)
		if was.Rows == is.Rows {
			text = fmt.Sprintf("%d, but a definition differs", was.Rows)
		}

		differences = append(differences, fmt.Sprintf("%s definitions: %s", key, text))
	}

	return differences
}
