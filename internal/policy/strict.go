package policy

import (
	"regexp"

	"steward/internal/strictyaml"
)

// The words in which the shapes of this file are written.
type (
	shape[T any] = strictyaml.Shape[T]
	field[T any] = strictyaml.Field[T]
	kind[V any]  = strictyaml.Kind[V]
)

// Problem is one thing that is wrong in a policy file.
type Problem = strictyaml.Problem

// Problems is the error of a policy that cannot be used.
type Problems = strictyaml.Problems //nolint:errname // a list of problems is what it is, and reads so in errors.As

// maxBytes bounds a policy file: a page or two of text, never a data set.
const maxBytes = 64 << 10

// maxText bounds every text of the policy: they are names, not prose.
const maxText = 200

// secrets are the beginnings of keys and the marks of values that must not stand in a policy at all, and
// what is long enough to be a key: no word of a policy is.
//
//nolint:gochecknoglobals // a table of two compiled expressions
var secrets = strictyaml.Secrets{
	Marks: regexp.MustCompile(`(?i)AGE-(SECRET|PLUGIN)|PRIVATE[+ _-]KEY|` +
		`pass(word|wd|phrase)?\s*[:=]|secret|token|api_?key|://[^/\s]*@`),
	LongRun: regexp.MustCompile(`[^\s"',]{33,}`),
}

// masked returns text fit for an error.
func masked(text string) string { return secrets.Mask(text) }

func format() strictyaml.Format {
	return strictyaml.Format{
		What: "policy", Manual: "docs/policy.md", MaxBytes: maxBytes, Secrets: secrets, Placeholder: placeholder,
	}
}

// reader reads a policy and judges what no single value can show.
type reader struct{ *strictyaml.Reader }

func leaf[T, V any](key, doc string, k kind[V], into func(*T) *V) field[T] {
	return strictyaml.Leaf(key, doc, k, into)
}

func section[T, V any](key, doc string, s shape[V], into func(*T) *V) field[T] {
	return strictyaml.Section(key, doc, s, into)
}

func maybe[T, V any](key, doc string, s shape[V], into func(*T) **V) field[T] {
	return strictyaml.Maybe(key, doc, s, into)
}

func list[T, V any](key, doc string, s shape[V], into func(*T) *[]V) field[T] {
	return strictyaml.List(key, doc, s, into)
}

func words[T, V any](key, doc string, k kind[V], into func(*T) *[]V) field[T] {
	return strictyaml.ListOf(key, doc, strictyaml.Value(k), into)
}

func optional[T any](f field[T]) field[T] { return strictyaml.Optional(f) }

func textKind() kind[string]                        { return strictyaml.Text(maxText) }
func boolKind() kind[bool]                          { return strictyaml.Bool() }
func versionKind() kind[int]                        { return strictyaml.Version() }
func patternKind(form, pattern string) kind[string] { return strictyaml.Pattern(form, pattern) }
func choiceKind[V ~string](choices ...V) kind[V]    { return strictyaml.Choice(choices...) }
