package strictyaml

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Format is one kind of file.
type Format struct {
	// What is what the file is, such as "policy".
	What string
	// Manual is the page that describes it, such as "docs/policy.md".
	Manual string
	// MaxBytes bounds the file.
	MaxBytes int
	// Secrets are what it must not hold.
	Secrets Secrets
	// Placeholder matches what must have been filled in before, nil where there is no such thing.
	Placeholder *regexp.Regexp
}

// Read reads a file of this format into a value, by its shape. What it finds, problems too, is
// the reader's.
func Read[T any](format Format, src []byte, shape Shape[T], into *T) *Reader {
	lines := strings.Split(string(src), "\n")
	// Most lines are one place and one value.
	r := &Reader{
		format: format, lines: lines, faulty: map[string]bool{},
		places: make(map[string]Place, len(lines)), values: make([]pathValue, 0, len(lines)),
	}
	if root := r.root(src); root != nil {
		r.began = true
		shape.read(r, at("", firstToken(root)), root, into)
	}
	return r
}

// Began is false where the file is none of the format at all, so that nothing of it was read.
func (r *Reader) Began() bool { return r.began }

// Err is nil for a file without any problem, else a *Problems with every one. file is its name.
func (r *Reader) Err(file string) error {
	if len(r.problems) == 0 {
		return nil
	}
	return &Problems{File: file, List: r.sorted()}
}

// Canonical returns a line `path: "value"` for each value of the file, sorted. Comments, spaces,
// quotes and the order of keys do not change them; every value does.
func (r *Reader) Canonical() []string {
	lines := make([]string, len(r.values))
	for i, value := range r.values {
		lines[i] = value.path + ": " + strconv.Quote(value.text)
	}
	slices.Sort(lines)
	return lines
}

// root returns the one document of the file, or nil after a problem.
func (r *Reader) root(src []byte) ast.Node {
	start := Place{Line: 1, Column: 1}
	switch {
	case len(src) > r.format.MaxBytes:
		r.Sayf(start, "keep the "+r.format.What+" only, as in "+r.format.Manual, "the file has more than %d bytes", r.format.MaxBytes)
		return nil
	case bytes.ContainsAny(src, "\x00\t\r"):
		r.Sayf(start, "write plain text with spaces and line feeds", "the file holds tabs, carriage returns or binary data")
		return nil
	}
	file, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		message, where := "the file is no YAML", start
		if syntax, ok := errors.AsType[yaml.Error](err); ok {
			message += ": " + r.format.Secrets.Mask(syntax.GetMessage())
			where = at("", syntax.GetToken())
		}
		r.Sayf(where, "correct the line; keys are written \"key: value\" and indented with spaces", "%s", message)
		return nil
	}
	var roots []ast.Node
	for _, document := range file.Docs {
		if document.Body != nil {
			roots = append(roots, document.Body)
		}
	}
	if len(roots) != 1 {
		r.Sayf(start, "write one "+r.format.What+", as in "+r.format.Manual, "the file holds %d documents instead of 1", len(roots))
		return nil
	}
	return roots[0]
}
