package strictyaml

import (
	"strconv"

	"github.com/goccy/go-yaml/ast"
)

// Item is how one item of a list is read.
type Item[V any] struct {
	form  string // of a whole list of such items
	help  string // completes "add at least one item ..."
	below []described
	read  func(r *Reader, where Place, node ast.Node, into *V)
}

// Keys is an item that is a section.
func Keys[V any](s Shape[V]) Item[V] {
	return Item[V]{form: "a list of sections", help: "with the keys " + s.keys(), below: s.describe(), read: s.read}
}

// Value is an item that is one value of a kind.
func Value[V any](k Kind[V]) Item[V] {
	return Item[V]{
		form: "a list of values, each " + k.Form, help: "that is " + k.Form,
		read: func(r *Reader, where Place, node ast.Node, into *V) {
			if value, ok := readValue(r, where, node, k); ok {
				*into = value
			}
			stand(r, where, into)
		},
	}
}

// ValueOrKeys is an item that is a section, or for short the value of one of its keys.
func ValueOrKeys[V, W any](k Kind[W], short func(*V) *W, s Shape[V]) Item[V] {
	return Item[V]{
		form: "a list; each item is " + k.Form + ", or a section", help: "that is " + k.Form, below: s.describe(),
		read: func(r *Reader, where Place, node ast.Node, into *V) {
			if _, isMapping := node.(*ast.MappingNode); isMapping {
				s.read(r, where, node, into)
				return
			}
			stand(r, where, into)
			if value, ok := readValue(r, where, node, k); ok {
				*short(into) = value
			}
		},
	}
}

// Items is an item that is a list itself.
func Items[V any](item Item[V]) Item[[]V] {
	return Item[[]V]{form: "a list; each item is " + item.form, help: "that is " + item.form, read: item.readAll}
}

// readAll reads a list of at least one item.
func (item Item[V]) readAll(r *Reader, where Place, node ast.Node, into *[]V) {
	r.places[where.Path] = where
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.Sayf(where, "write a list; each item begins with \"- \"", "it must be a list, not %s", kindOf(node))
		return
	}
	if len(sequence.Values) == 0 {
		r.Sayf(where, "add at least one item "+item.help, "the list is empty")
	}
	for i, entry := range sequence.Values {
		var value V
		item.read(r, at(where.Path+"["+strconv.Itoa(i)+"]", firstToken(entry)), entry, &value)
		*into = append(*into, value)
	}
}

// ListOf is a field that holds a list of items, at least one.
func ListOf[T, V any](key, doc string, item Item[V], into func(*T) *[]V) Field[T] {
	return Field[T]{
		key: key, form: item.form, doc: doc, below: item.below,
		read: func(r *Reader, where Place, node ast.Node, t *T) { item.readAll(r, where, node, into(t)) },
	}
}

// List is a field that holds a list of sections, at least one.
func List[T, V any](key, doc string, s Shape[V], into func(*T) *[]V) Field[T] {
	return ListOf(key, doc, Keys(s), into)
}

// Entries is a field that holds sections under names that the file chooses, at least one, in the order of the file.
// No two names may be the same value.
func Entries[T, V any, K comparable](
	key, doc string, name Kind[K], named func(*V) *K, s Shape[V], into func(*T) *[]V,
) Field[T] {
	entry := entryReader[V, K]{name: name, named: named, shape: s}
	return Field[T]{
		key: key, form: "sections, each under " + name.Form, doc: doc, below: s.describe(),
		read: func(r *Reader, where Place, node ast.Node, t *T) {
			r.places[where.Path] = where
			mapping, ok := node.(*ast.MappingNode)
			if !ok {
				r.Sayf(where, "write "+name.Form+", and below it the keys "+s.keys(), "it must hold sections, not %s", kindOf(node))
				return
			}
			if len(mapping.Values) == 0 {
				r.Sayf(where, "write "+name.Form+", and below it the keys "+s.keys(), "it is empty")
			}
			seen := map[K]bool{}
			for _, pair := range mapping.Values {
				var value V
				if entry.read(r, where, pair, seen, &value) {
					*into(t) = append(*into(t), value)
				}
			}
		},
	}
}

// entryReader reads one entry.
type entryReader[V any, K comparable] struct {
	name  Kind[K]
	named func(*V) *K
	shape Shape[V]
}

// read reports whether the name could be read; what is below it may have problems all the same.
func (e entryReader[V, K]) read(r *Reader, where Place, pair *ast.MappingValueNode, seen map[K]bool, into *V) bool {
	token := pair.Key.GetToken()
	here := at(below(where.Path, r.format.Secrets.Mask(token.Value)), token)
	text, plain := scalar(pair.Key)
	if !plain {
		r.Sayf(here, "write "+e.name.Form, "it must be a single value, not %s", kindOf(pair.Key))
		return false
	}
	name, err := e.name.Parse(text)
	if err != nil {
		r.Sayf(here, "write "+e.name.Form, "%s", r.format.Secrets.Mask(err.Error()))
		return false
	}
	if seen[name] {
		r.Sayf(here, "remove one of the two", "the entry stands twice")
		return false
	}
	seen[name] = true
	*e.named(into) = name
	e.shape.read(r, here, pair.Value, into)
	return true
}
