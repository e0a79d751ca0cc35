package mutanttest

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one change of one comparison or connective.
type mutant struct {
	file     string
	from, to int // the bytes replaced
	text     string
	at       string // where, and what became what
}

// flips are the changes of each operator: its edge moved, and its sense turned.
func flips() map[token.Token][]string {
	return map[token.Token][]string{
		token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
		token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	}
}

// mutants finds every change of the comparisons in a folder, one at a time, in one order
// for one source. asks are the methods whose answer is turned around.
func mutants(dir string, asks []string) ([]mutant, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, fmt.Errorf("looking for the package's files: %w", err)
	}

	var found []mutant

	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}

		set := token.NewFileSet()

		file, err := parser.ParseFile(set, path, nil, 0)
		if err != nil {
			return nil, fmt.Errorf("parsing the package: %w", err)
		}

		add := func(from, to token.Pos, text, was string) {
			place := set.Position(from)
			found = append(found, mutant{
				file: path, from: place.Offset, to: set.Position(to).Offset, text: text,
				at: fmt.Sprintf("%s:%d:%d %s to %s", filepath.Base(path), place.Line, place.Column, was, text),
			})
		}
		ast.Inspect(file, func(node ast.Node) bool {
			changes(node, asks, add)

			return true
		})
	}

	return found, nil
}

// changes adds the mutants of one node: operators, "not", and the comparisons of
// times, which are methods.
func changes(node ast.Node, asks []string, add func(from, to token.Pos, text, was string)) {
	switch node := node.(type) {
	case *ast.BinaryExpr:
		for _, text := range flips()[node.Op] {
			add(node.OpPos, node.OpPos+token.Pos(len(node.Op.String())), text, node.Op.String())
		}
	case *ast.UnaryExpr:
		if node.Op == token.NOT {
			add(node.OpPos, node.OpPos+1, "", "!")
		}
	case *ast.SelectorExpr:
		other, compares := map[string]string{"Before": "After", "After": "Before"}[node.Sel.Name]
		if compares {
			add(node.Sel.Pos(), node.Sel.End(), other, node.Sel.Name)
		}
	case *ast.CallExpr:
		if called, is := node.Fun.(*ast.SelectorExpr); is && slices.Contains(asks, called.Sel.Name) {
			add(node.Pos(), node.Pos(), "!", called.Sel.Name)
		}
	}
}

// sample draws some of them, the same ones for the same seed.
func sample(all []mutant, count int, seed uint64) []mutant {
	drawn := slices.Clone(all)
	rand.New(rand.NewPCG(seed, 1)).Shuffle(len(drawn), func(i, j int) { drawn[i], drawn[j] = drawn[j], drawn[i] })
	drawn = drawn[:min(count, len(drawn))]
	slices.SortFunc(drawn, func(a, b mutant) int { return cmp.Compare(a.at, b.at) })

	return drawn
}

// changed is the text of the mutant's file with the change in it.
func (m mutant) changed() ([]byte, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return nil, fmt.Errorf("reading what is to be changed: %w", err)
	}

	return []byte(string(source[:m.from]) + m.text + string(source[m.to:])), nil
}
