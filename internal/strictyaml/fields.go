package strictyaml

import "github.com/goccy/go-yaml/ast"

// Optional makes a field one that may be absent.
func Optional[T any](f Field[T]) Field[T] {
	f.optional = true
	return f
}

// Leaf is a field with one value of a kind.
func Leaf[T, V any](key, doc string, k Kind[V], into func(*T) *V) Field[T] {
	return Field[T]{key: key, form: k.Form, doc: doc, read: func(r *Reader, where Place, node ast.Node, t *T) {
		r.places[where.Path] = where
		if value, ok := readValue(r, where, node, k); ok {
			*into(t) = value
		}
	}}
}

// readValue reads one scalar of a kind and records its canonical form.
func readValue[V any](r *Reader, where Place, node ast.Node, k Kind[V]) (V, bool) {
	var none V
	text, plain := scalar(node)
	if !plain {
		r.Sayf(where, "write "+k.Form, "it must be a single value, not %s", kindOf(node))
		return none, false
	}
	if r.format.Secrets.Hold(text) {
		r.Sayf(where, "remove it, and replace the secret wherever it is used: it has been in a file",
			"a secret must not stand in the %s", r.format.What)
		return none, false
	}
	if r.format.Placeholder != nil && r.format.Placeholder.MatchString(text) {
		r.Sayf(where, "replace it by "+k.Form+"; see "+r.format.Manual+", \"Placeholders\"",
			"the placeholder %s is not filled in", r.format.Secrets.Mask(text))
		return none, false
	}
	if !k.accepts(node) {
		r.Sayf(where, "write "+k.Form, "it must be %s, not %s", k.Form, kindOf(node))
		return none, false
	}
	value, err := k.Parse(text)
	if err != nil {
		r.Sayf(where, "write "+k.Form, "%s", r.format.Secrets.Mask(err.Error()))
		return none, false
	}
	r.values = append(r.values, pathValue{where.Path, text})
	return value, true
}

// Section is a field that holds keys of its own.
func Section[T, V any](key, doc string, s Shape[V], into func(*T) *V) Field[T] {
	return Field[T]{
		key: key, form: "a section", doc: doc, below: s.describe(),
		read: func(r *Reader, where Place, node ast.Node, t *T) {
			s.read(r, where, node, into(t))
		},
	}
}

// Maybe is a section that may be absent, and is nil then.
func Maybe[T, V any](key, doc string, s Shape[V], into func(*T) **V) Field[T] {
	return Field[T]{
		key: key, form: "a section", doc: doc, below: s.describe(),
		optional: true, read: func(r *Reader, where Place, node ast.Node, t *T) {
			value := new(V)
			s.read(r, where, node, value)
			*into(t) = value
		},
	}
}
