package measure

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
)

const undocumented = "exported without a comment"

func (c *collector) declarations(s source) {
	for _, declaration := range s.tree.Decls {
		switch d := declaration.(type) {
		case *ast.FuncDecl:
			c.function(s, d)
		case *ast.GenDecl:
			if d.Tok == token.TYPE {
				c.types(s, d)
			}
		}
	}
}

func (c *collector) function(s source, f *ast.FuncDecl) {
	lines := s.line(f.End()) - s.line(f.Pos()) + 1
	c.figures.Funcs++
	c.funcLines = append(c.funcLines, lines)
	if lines > maxLines {
		c.figures.LongFuncs++
		c.offend(fmt.Sprintf("function over %d lines", maxLines), s.place(f.Pos()), fmt.Sprintf("%s, %d lines", f.Name.Name, lines))
	}
	if f.Name.IsExported() && exportedReceiver(f) {
		c.exported(s, f.Name, f.Doc != nil)
	}
}

// exportedReceiver reports whether a function shows in the documentation: it is no method, or one of an exported type.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil || len(f.Recv.List) == 0 {
		return true
	}
	expression := f.Recv.List[0].Type
	for {
		switch e := expression.(type) {
		case *ast.StarExpr:
			expression = e.X
		case *ast.IndexExpr:
			expression = e.X
		case *ast.IndexListExpr:
			expression = e.X
		case *ast.Ident:
			return e.IsExported()
		default:
			return false
		}
	}
}

// types counts the exported types of one declaration. A single one is documented by the comment of the declaration.
func (c *collector) types(s source, d *ast.GenDecl) {
	for _, spec := range d.Specs {
		if t, isType := spec.(*ast.TypeSpec); isType && t.Name.IsExported() {
			c.exported(s, t.Name, t.Doc != nil || d.Doc != nil && len(d.Specs) == 1)
		}
	}
}

func (c *collector) exported(s source, name *ast.Ident, documented bool) {
	c.figures.Exported++
	if documented {
		c.figures.Documented++
		return
	}
	c.offend(undocumented, s.place(name.Pos()), name.Name)
}

// errors counts how the file makes errors.
func (c *collector) errors(s source) {
	ast.Inspect(s.tree, func(node ast.Node) bool {
		call, isCall := node.(*ast.CallExpr)
		if !isCall {
			return true
		}
		switch calledName(call) {
		case "errors.New":
			c.figures.Errors++
		case "failure.New", "failure.Wrap":
			c.figures.Errors++
			c.figures.Typed++
		case "fmt.Errorf":
			c.figures.Errors++
			if len(call.Args) > 0 && wraps(call.Args[0]) {
				c.figures.Wrapped++
			}
		}
		return true
	})
}

// calledName returns "package.Function" for a call of that form, else nothing.
func calledName(call *ast.CallExpr) string {
	selector, isSelector := call.Fun.(*ast.SelectorExpr)
	if !isSelector {
		return ""
	}
	name, isName := selector.X.(*ast.Ident)
	if !isName {
		return ""
	}
	return name.Name + "." + selector.Sel.Name
}

func wraps(format ast.Expr) bool {
	literal, isLiteral := format.(*ast.BasicLit)
	return isLiteral && strings.Contains(literal.Value, "%w")
}
