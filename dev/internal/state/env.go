package state

import "strings"

// Var is one environment variable.
type Var struct {
	// Name is the variable's name: upper case letters, digits and underscores.
	Name string
	// Value is its value, as the program shall see it.
	Value string
}

// Exports renders vars as `export NAME='value'` lines that any POSIX shell reads
// back to exactly the same values.
func Exports(vars []Var) string {
	var out strings.Builder
	for _, v := range vars {
		out.WriteString("export " + v.Name + "=" + quote(v.Value) + "\n")
	}
	return out.String()
}

// Environ renders vars as NAME=value strings, as os/exec takes them.
func Environ(vars []Var) []string {
	out := make([]string, 0, len(vars))
	for _, v := range vars {
		out = append(out, v.Name+"="+v.Value)
	}
	return out
}

// quote puts text between single quotes; a single quote inside ends them, stands
// escaped on its own, and opens them again.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
