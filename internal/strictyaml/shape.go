package strictyaml

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// Field is one key of a section: how it is read and what the reference says.
type Field[T any] struct {
	key, form, doc string
	optional       bool
	read           func(r *Reader, where Place, node ast.Node, into *T)
	below          []described // for the reference: the keys of a section below
}

// Shape is a section of the file: the keys it must or may have, and no other.
type Shape[T any] []Field[T]

// placed is a value that wants to know where it stands, for problems that are found later.
type placed interface{ StandsAt(where Place) }

// stand records where a value stands.
func stand(r *Reader, where Place, into any) {
	r.places[where.Path] = where
	if value, ok := into.(placed); ok {
		value.StandsAt(where)
	}
}

// read fills into from a mapping node.
func (s Shape[T]) read(r *Reader, where Place, node ast.Node, into *T) {
	stand(r, where, into)
	mapping, ok := node.(*ast.MappingNode)
	if !ok {
		r.Sayf(where, "write the keys "+s.keys()+" below it", "it must be a section of keys, not %s", kindOf(node))
		return
	}
	seen := make([]bool, len(s)) // by the number of the field
	for _, pair := range mapping.Values {
		s.readPair(r, where, pair, seen, into)
	}
	for i, f := range s {
		if !seen[i] && !f.optional {
			r.Sayf(where, fmt.Sprintf("add %s: %s", f.key, f.form), "the key %s is missing", f.key)
		}
	}
}

// readPair reads one key with its value.
func (s Shape[T]) readPair(r *Reader, where Place, pair *ast.MappingValueNode, seen []bool, into *T) {
	keyToken := pair.Key.GetToken()
	key, plain := scalar(pair.Key)
	path := below(where.Path, r.format.Secrets.Mask(keyToken.Value))
	here := at(path, keyToken)
	index := slices.IndexFunc(s, func(f Field[T]) bool { return f.key == key })
	switch {
	case !plain || index < 0:
		r.Sayf(here, "use one of the keys "+s.keys()+", or remove it", "unknown key")
	case seen[index]:
		r.Sayf(here, "remove one of the two", "the key stands twice in this section")
	default:
		seen[index] = true
		value := at(path, pair.Value.GetToken())
		if _, isMapping := pair.Value.(*ast.MappingNode); isMapping {
			value = here
		}
		s[index].read(r, value, pair.Value, into)
	}
}

// keys lists the keys of the section for a remedy.
func (s Shape[T]) keys() string {
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

// firstToken returns the token where a node begins for a reader of the file.
func firstToken(node ast.Node) *token.Token {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return mapping.Values[0].Key.GetToken()
	}
	return node.GetToken()
}
