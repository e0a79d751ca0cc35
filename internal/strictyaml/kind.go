package strictyaml

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// Kind is a type of value: what it looks like and how it is read.
type Kind[V any] struct {
	// Form completes "write ..." and "it must be ...".
	Form string
	// Unquoted is the one YAML type other than text that is accepted.
	Unquoted ast.NodeType
	// Parse reads the text, or says what is wrong with it. What it says is masked before it is printed.
	Parse func(text string) (V, error)
}

// accepts reports whether the node has a YAML type that the kind can be.
func (k Kind[V]) accepts(node ast.Node) bool {
	return node.Type() == ast.StringType || node.Type() == k.Unquoted
}

// scalar returns the text of a plain value. Literals over several lines,
// anchors, aliases and tags are not plain.
func scalar(node ast.Node) (string, bool) {
	switch node := node.(type) {
	case *ast.StringNode:
		return node.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode:
		return node.GetToken().Value, true
	default:
		return "", false
	}
}

// kindOf names the YAML type of a node for people.
func kindOf(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType:
		return "a section"
	case ast.SequenceType:
		return "a list"
	case ast.NullType:
		return "nothing"
	case ast.BoolType:
		return "true or false"
	case ast.IntegerType, ast.FloatType, ast.InfinityType, ast.NanType:
		return "a number"
	case ast.StringType:
		return "text"
	default:
		return "an anchor, alias, tag or text of several lines"
	}
}

// Text is one line of text, of so many bytes at most.
func Text(most int) Kind[string] {
	return Kind[string]{Form: "text in quotes", Parse: func(text string) (string, error) {
		if strings.TrimSpace(text) == "" || len(text) > most {
			return "", fmt.Errorf("the text must have 1 to %d bytes", most)
		}
		// A name stands in headers and subjects of mails, where a line break begins another.
		if strings.ContainsFunc(text, unicode.IsControl) {
			return "", errors.New("the text must be one line, without control characters")
		}
		return text, nil
	}}
}

// Pattern is text of which all matches an expression.
func Pattern(form, pattern string) Kind[string] {
	expression := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return Kind[string]{Form: form, Parse: func(text string) (string, error) {
		if !expression.MatchString(text) {
			return "", fmt.Errorf("%q cannot stand here", text)
		}
		return text, nil
	}}
}

// Bool is true or false.
func Bool() Kind[bool] {
	return Kind[bool]{Form: "true or false", Unquoted: ast.BoolType, Parse: func(text string) (bool, error) {
		if text != "true" && text != "false" {
			return false, fmt.Errorf("%q is neither true nor false", text)
		}
		return text == "true", nil
	}}
}

// Version is 1, the only version of a format so far.
func Version() Kind[int] {
	return Kind[int]{Form: "1, the version of this format", Unquoted: ast.IntegerType, Parse: func(text string) (int, error) {
		if text != "1" {
			return 0, fmt.Errorf("version %q is not known to this Steward", text)
		}
		return 1, nil
	}}
}

// Choice is one of some words.
func Choice[V ~string](choices ...V) Kind[V] {
	var words []string
	for _, choice := range choices {
		words = append(words, string(choice))
	}
	form := strings.Join(words, " or ")
	return Kind[V]{Form: form, Parse: func(text string) (V, error) {
		if !slices.Contains(words, text) {
			return "", fmt.Errorf("%q cannot stand here", text)
		}
		return V(text), nil
	}}
}
