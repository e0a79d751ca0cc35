package measure

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// longFile is the length that 95 of 100 files should not exceed.
const longFile = 350

var (
	todo   = regexp.MustCompile(`\b(TODO|FIXME|XXX)\b`)
	issue  = regexp.MustCompile(`#[0-9]+`)
	nolint = regexp.MustCompile(`^//nolint\b`)
)

// source is one parsed file.
type source struct {
	name string // relative to the module
	text string
	set  *token.FileSet
	tree *ast.File
}

func (s source) line(position token.Pos) int { return s.set.Position(position).Line }

func (s source) place(position token.Pos) string {
	return fmt.Sprintf("%s:%d", s.name, s.line(position))
}

func (c *collector) file(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading source: %w", err)
	}
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, path, text, parser.ParseComments)
	if err != nil {
		return fmt.Errorf("parsing source: %w", err)
	}
	if ast.IsGenerated(tree) {
		return nil
	}
	name, err := filepath.Rel(c.dir, path)
	if err != nil {
		return fmt.Errorf("naming source: %w", err)
	}
	s := source{name: filepath.ToSlash(name), text: string(text), set: set, tree: tree}
	if strings.HasSuffix(path, "_test.go") {
		c.testFile(s)
		return nil
	}
	c.codeFile(s)
	return nil
}

func (c *collector) codeFile(s source) {
	c.figures.Files++
	directory := filepath.ToSlash(filepath.Dir(s.name))
	c.packages[directory] = c.packages[directory] || s.tree.Doc != nil

	lines := strings.Count(s.text, "\n")
	c.fileLines = append(c.fileLines, lines)
	if lines > longFile {
		c.offend(fmt.Sprintf("file over %d lines", longFile), s.name, fmt.Sprintf("%d lines", lines))
	}
	c.figures.CodeLines += codeLines(s.text)
	c.comments(s)
	c.declarations(s)
	c.errors(s)
}

func (c *collector) testFile(s source) {
	c.figures.TestCodeLines += codeLines(s.text)
	for _, declaration := range s.tree.Decls {
		function, isFunction := declaration.(*ast.FuncDecl)
		if !isFunction || function.Recv != nil {
			continue
		}
		switch {
		case strings.HasPrefix(function.Name.Name, "Test") && function.Name.Name != "TestMain":
			c.figures.Tests++
		case strings.HasPrefix(function.Name.Name, "Fuzz"):
			c.figures.Fuzzers++
		}
	}
	for _, example := range doc.Examples(s.tree) {
		if example.Output != "" || example.EmptyOutput {
			c.figures.Examples++
		}
	}
}

func (c *collector) comments(s source) {
	for _, group := range s.tree.Comments {
		for _, comment := range group.List {
			if nolint.MatchString(comment.Text) {
				c.figures.Nolints++
			}
			if !todo.MatchString(comment.Text) {
				continue
			}
			c.figures.Todos++
			if !issue.MatchString(comment.Text) {
				c.offend("TODO without an issue", s.place(comment.Pos()), "")
			}
		}
	}
}

// codeLines counts the lines that are neither blank nor only a // comment.
func codeLines(text string) int {
	count := 0
	for line := range strings.Lines(text) {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && !strings.HasPrefix(trimmed, "//") {
			count++
		}
	}
	return count
}
