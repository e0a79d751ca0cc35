// Package uncovered finds what no test has executed: first of all the lines that return an error, since most disasters
// come from errors that were signalled and then handled by code that had never run.
package uncovered

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
)

// constructors make an error that is not nil. A plain `return f()` is no error line: it runs when all is well, too.
var constructors = map[string]bool{
	"errors.New": true, "errors.Join": true, "fmt.Errorf": true,
	"failure.New": true, "failure.Wrap": true,
	"temporal.NewApplicationError": true, "temporal.NewNonRetryableApplicationError": true,
	"temporal.NewApplicationErrorWithOptions": true, "temporal.NewApplicationErrorWithCause": true,
}

// ErrorReturns returns the positions of the statements of a Go file that return an error: those in functions whose last
// result is an error, and whose last expression is a name other than nil, a selector such as io.EOF, or one of the
// constructors. It fails when the text is no Go.
func ErrorReturns(name string, text []byte) ([]token.Position, error) {
	set := token.NewFileSet()
	tree, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	var found []token.Position
	ast.Inspect(tree, func(node ast.Node) bool {
		body, signature := function(node)
		if body == nil || !returnsError(signature) {
			return true
		}
		for _, statement := range returns(body) {
			if count := len(statement.Results); count > 0 && isError(statement.Results[count-1]) {
				found = append(found, set.Position(statement.Pos()))
			}
		}
		return true
	})
	return found, nil
}

// function returns body and signature of a function, with or without a name.
func function(node ast.Node) (*ast.BlockStmt, *ast.FuncType) {
	switch f := node.(type) {
	case *ast.FuncDecl:
		return f.Body, f.Type
	case *ast.FuncLit:
		return f.Body, f.Type
	default:
		return nil, nil
	}
}

func returnsError(signature *ast.FuncType) bool {
	if signature.Results == nil || len(signature.Results.List) == 0 {
		return false
	}
	last, isName := signature.Results.List[len(signature.Results.List)-1].Type.(*ast.Ident)
	return isName && last.Name == "error"
}

// returns collects the return statements of a body, without those of the functions inside of it.
func returns(body *ast.BlockStmt) []*ast.ReturnStmt {
	var found []*ast.ReturnStmt
	ast.Inspect(body, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			found = append(found, n)
		}
		return true
	})
	return found
}

func isError(expression ast.Expr) bool {
	switch e := expression.(type) {
	case *ast.Ident:
		return e.Name != "nil"
	case *ast.SelectorExpr:
		return true
	case *ast.CallExpr:
		selector, isSelector := e.Fun.(*ast.SelectorExpr)
		if !isSelector {
			return false
		}
		from, isName := selector.X.(*ast.Ident)
		return isName && constructors[from.Name+"."+selector.Sel.Name]
	default:
		return false
	}
}
