package policy

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// reader gathers what reading a file finds.
type reader struct {
	lines     []string         // of the source, for the problems
	problems  []Problem        // in the order of finding
	places    map[string]place // where each path stands
	canonical []string         // "path: value" of each value that was read
	faulty    map[string]bool  // paths that have a problem
}

// place is where something stands in the file.
type place struct {
	path         string
	line, column int
}

// at returns the place of a token that belongs to path.
func at(path string, tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{path: path, line: 1, column: 1}
	}
	return place{path: path, line: max(tk.Position.Line, 1), column: max(tk.Position.Column, 1)}
}

// sayf records a problem.
func (r *reader) sayf(where place, remedy, format string, args ...any) {
	problem := Problem{
		Line: where.line, Column: where.column, Path: where.path,
		Message: fmt.Sprintf(format, args...), Remedy: remedy,
	}
	if where.line <= len(r.lines) {
		problem.Source = masked(r.lines[where.line-1])
	}
	r.problems = append(r.problems, problem)
	r.faulty[where.path] = true
}

// sound reports whether all paths stand in the file and have no problem, in
// themselves or below, so that a contradiction between them can be judged.
func (r *reader) sound(paths ...string) bool {
	for _, path := range paths {
		if _, found := r.places[path]; !found {
			return false
		}
		for faulty := range r.faulty {
			if faulty == path || strings.HasPrefix(faulty, path+".") || strings.HasPrefix(faulty, path+"[") {
				return false
			}
		}
	}
	return true
}

// sorted returns the problems in the order of the file.
func (r *reader) sorted() []Problem {
	sort.SliceStable(r.problems, func(i, j int) bool {
		a, b := r.problems[i], r.problems[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return r.problems
}

// field is one key of a section: how it is read and what the reference says.
type field[T any] struct {
	key, form, doc string
	optional       bool
	read           func(r *reader, where place, node ast.Node, into *T)
	below          []described // for the reference: the keys of a section below
}

// shape is a section of the file: the keys it must or may have, and no other.
type shape[T any] []field[T]

// read fills into from a mapping node.
func (s shape[T]) read(r *reader, where place, node ast.Node, into *T) {
	r.places[where.path] = where
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		r.sayf(where, "write the keys "+s.keys()+" below it", "it must be a section of keys, not %s", kindOf(node))
		return
	}
	seen := map[string]bool{}
	for _, pair := range mapping.Values {
		s.readPair(r, where, pair, seen, into)
	}
	for _, f := range s {
		if !seen[f.key] && !f.optional {
			r.sayf(where, fmt.Sprintf("add %s: %s", f.key, f.form), "the key %s is missing", f.key)
		}
	}
}

// readPair reads one key with its value.
func (s shape[T]) readPair(r *reader, where place, pair *ast.MappingValueNode, seen map[string]bool, into *T) {
	keyToken := pair.Key.GetToken()
	key, plain := scalar(pair.Key)
	path := below(where.path, masked(keyToken.Value))
	here := at(path, keyToken)
	index := slices.IndexFunc(s, func(f field[T]) bool { return f.key == key })
	switch {
	case !plain || index < 0:
		r.sayf(here, "use one of the keys "+s.keys()+", or remove it", "unknown key")
	case seen[key]:
		r.sayf(here, "remove one of the two", "the key stands twice in this section")
	default:
		seen[key] = true
		value := at(path, pair.Value.GetToken())
		if _, isMapping := pair.Value.(*ast.MappingNode); isMapping {
			value = here
		}
		s[index].read(r, value, pair.Value, into)
	}
}

// keys lists the keys of the section for a remedy.
func (s shape[T]) keys() string {
	keys := make([]string, 0, len(s))
	for _, f := range s {
		keys = append(keys, f.key)
	}
	return strings.Join(keys, ", ")
}

func below(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// leaf is a field with one value of a kind.
func leaf[T, V any](key, doc string, k kind[V], into func(*T) *V) field[T] {
	return field[T]{key: key, form: k.form, doc: doc, read: func(r *reader, where place, node ast.Node, t *T) {
		r.places[where.path] = where
		if value, ok := readValue(r, where, node, k); ok {
			*into(t) = value
		}
	}}
}

// readValue reads one scalar of a kind and records its canonical form.
func readValue[V any](r *reader, where place, node ast.Node, k kind[V]) (V, bool) {
	var none V
	text, plain := scalar(node)
	if !plain {
		r.sayf(where, "write "+k.form, "it must be a single value, not %s", kindOf(node))
		return none, false
	}
	if holdsSecret(text) {
		r.sayf(where, "remove it, and replace the secret wherever it is used: it has been in a file", "a secret must not stand in the policy")
		return none, false
	}
	if placeholder.MatchString(text) {
		r.sayf(where, "replace it by "+k.form+"; see docs/policy.md, \"Placeholders\"", "the placeholder %s is not filled in", masked(text))
		return none, false
	}
	if !k.accepts(node) {
		r.sayf(where, "write "+k.form, "it must be %s, not %s", k.form, kindOf(node))
		return none, false
	}
	value, err := k.parse(text)
	if err != nil {
		r.sayf(where, "write "+k.form, "%s", masked(err.Error()))
		return none, false
	}
	r.canonical = append(r.canonical, where.path+": "+strconv.Quote(text))
	return value, true
}

// section is a field that holds keys of its own.
func section[T, V any](key, doc string, s shape[V], into func(*T) *V) field[T] {
	return field[T]{
		key: key, form: "a section", doc: doc, below: s.describe(),
		read: func(r *reader, where place, node ast.Node, t *T) {
			s.read(r, where, node, into(t))
		},
	}
}

// maybe is a section that may be absent: a promise that is not made.
func maybe[T, V any](key, doc string, s shape[V], into func(*T) **V) field[T] {
	return field[T]{
		key: key, form: "a section", doc: doc, below: s.describe(),
		optional: true, read: func(r *reader, where place, node ast.Node, t *T) {
			value := new(V)
			s.read(r, where, node, value)
			*into(t) = value
		},
	}
}

// list is a field that holds a list of sections, at least one.
func list[T, V any](key, doc string, s shape[V], into func(*T) *[]V) field[T] {
	return field[T]{
		key: key, form: "a list of sections", doc: doc, below: s.describe(),
		read: func(r *reader, where place, node ast.Node, t *T) {
			r.places[where.path] = where
			sequence, ok := node.(*ast.SequenceNode)
			if !ok {
				r.sayf(where, "write a list; each item begins with \"- \"", "it must be a list, not %s", kindOf(node))
				return
			}
			if len(sequence.Values) == 0 {
				r.sayf(where, "add at least one item with the keys "+s.keys(), "the list is empty")
			}
			for i, item := range sequence.Values {
				var value V
				s.read(r, at(fmt.Sprintf("%s[%d]", where.path, i), firstToken(item)), item, &value)
				*into(t) = append(*into(t), value)
			}
		},
	}
}

// firstToken returns the token where a node begins for a reader of the file.
func firstToken(node ast.Node) *token.Token {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken()
	}
	return node.GetToken()
}
