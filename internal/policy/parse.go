package policy

import (
	"bytes"
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxBytes bounds a policy file: a page or two of text, never a data set.
const maxBytes = 64 << 10

// Parse reads a policy. name is the name of the file, for errors. The only
// error is *Problems, with everything that is wrong.
func Parse(name string, src []byte) (*Policy, error) {
	r := &reader{
		lines: strings.Split(string(src), "\n"), places: map[string]place{}, faulty: map[string]bool{},
	}
	p := &Policy{}
	if root := r.root(src); root != nil {
		policyShape().read(r, at("", firstToken(root)), root, p)
		r.contradictions(p)
	}
	if len(r.problems) > 0 {
		return nil, &Problems{File: name, List: r.sorted()}
	}
	p.canonical, p.places = r.canonical, r.places
	return p, nil
}

// root returns the one document of the file, or nil after a problem.
func (r *reader) root(src []byte) ast.Node {
	start := place{line: 1, column: 1}
	switch {
	case len(src) > maxBytes:
		r.sayf(start, "keep the policy only, as in docs/policy.md", "the file has more than %d bytes", maxBytes)
		return nil
	case bytes.ContainsAny(src, "\x00\t\r"):
		r.sayf(start, "write plain text with spaces and line feeds", "the file holds tabs, carriage returns or binary data")
		return nil
	}
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		message, where := "the file is no YAML", start
		if syntax, ok := errors.AsType[yaml.Error](err); ok {
			message += ": " + masked(syntax.GetMessage())
			where = at("", syntax.GetToken())
		}
		r.sayf(where, "correct the line; keys are written \"key: value\" and indented with spaces", "%s", message)
		return nil
	}
	var roots []ast.Node
	for _, document := range file.Docs {
		if document.Body != nil {
			roots = append(roots, document.Body)
		}
	}
	if len(roots) != 1 {
		r.sayf(start, "write one policy, as in docs/policy.md", "the file holds %d documents instead of 1", len(roots))
		return nil
	}
	return roots[0]
}
