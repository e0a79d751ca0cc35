package prune_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutant is one change of one comparison or connective.
type mutant struct {
	file     string
	from, to int // the bytes replaced
	text     string
	at       string
}

// flips are the changes of each operator: its edge moved, and its sense turned.
func flips() map[token.Token][]string {
	return map[token.Token][]string{
		token.LSS: {"<=", ">="}, token.LEQ: {"<", ">"}, token.GTR: {">=", "<="}, token.GEQ: {">", "<"},
		token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	}
}

// equivalent are mutants that no test can kill, each with its reason.
func equivalent() map[string]string { return map[string]string{} }

// mutants finds every change of the package's comparisons, one at a time.
func mutants(t *testing.T) []mutant {
	t.Helper()

	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}

	var found []mutant

	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}

		set := token.NewFileSet()

		file, err := parser.ParseFile(set, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}

		add := func(from, to token.Pos, text, was string) {
			place := set.Position(from)
			found = append(found, mutant{
				file: name, from: place.Offset, to: set.Position(to).Offset, text: text,
				at: fmt.Sprintf("%s:%d:%d %s to %s", name, place.Line, place.Column, was, text),
			})
		}
		ast.Inspect(file, func(node ast.Node) bool {
			changes(node, add)

			return true
		})
	}

	return found
}

// changes adds the mutants of one node: operators, "not", and the comparisons of
// times, which are methods.
func changes(node ast.Node, add func(from, to token.Pos, text, was string)) {
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
		if called, is := node.Fun.(*ast.SelectorExpr); is {
			switch called.Sel.Name {
			case "Before", "After", "Equal", "IsZero", "reached", "current", "present", "open", "holds", "late", "Contains", "HasPrefix":
				add(node.Pos(), node.Pos(), "!", called.Sel.Name)
			}
		}
	}
}

// quickMutants is how many of them plain go test tries.
const quickMutants = 3

// TestEveryFlippedComparisonIsNoticed changes the package one operator at a time
// and demands that its other tests fail. With STEWARD_SOAK=1 it tries them all.
func TestEveryFlippedComparisonIsNoticed(t *testing.T) {
	t.Parallel()

	if os.Getenv("STEWARD_MUTANT") != "" {
		t.Skip("this is a mutant")
	}

	all := mutants(t)
	chosen := all

	if os.Getenv("STEWARD_SOAK") != "1" {
		chosen = nil

		for _, at := range rand.New(rand.NewPCG(uint64(len(all)), 1)).Perm(len(all))[:quickMutants] {
			chosen = append(chosen, all[at])
		}
	}

	for _, one := range chosen {
		if reason, known := equivalent()[one.at]; known {
			t.Logf("%s changes nothing: %s", one.at, reason)

			continue
		}

		if output, survived := one.survives(t); survived {
			t.Errorf("nobody notices %s\n%s", one.at, output)
		}
	}

	t.Logf("mutants=%d tried=%d equivalent=%d", len(all), len(chosen), len(equivalent()))
}

// survives runs the tests over the changed file. A mutant that does not compile
// is a fault of this test.
func (m mutant) survives(t *testing.T) (string, bool) {
	t.Helper()

	source, err := os.ReadFile(m.file)
	if err != nil {
		t.Fatal(err)
	}

	changed := filepath.Join(t.TempDir(), m.file)
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	write(t, changed, []byte(string(source[:m.from])+m.text+string(source[m.to:])))

	original, err := filepath.Abs(m.file)
	if err != nil {
		t.Fatal(err)
	}

	document, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		t.Fatal(err)
	}

	write(t, overlay, document)

	command := exec.CommandContext(t.Context(), "go", "test", "-overlay", overlay, "-vet=off", "-count=1", "-failfast", ".")
	command.Env = append(os.Environ(), "STEWARD_MUTANT=1", "STEWARD_SOAK=")
	output, err := command.CombinedOutput()

	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || strings.Contains(string(output), "[build failed]") {
		t.Fatalf("%s: %v\n%s", m.at, err, output)
	}

	return string(output), err == nil
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()

	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
