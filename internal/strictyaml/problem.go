package strictyaml

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong in a file.
type Problem struct {
	// Line and Column are where it stands, counted from 1.
	Line, Column int
	// Path is the key, such as promises.backups.keep; empty for the whole file.
	Path string
	// Message says what is wrong.
	Message string
	// Remedy says what to do.
	Remedy string
	// Source is the line in the file, with whatever could be a secret replaced.
	Source string
}

// Problems is the error of a file that cannot be used. Its list is never
// empty and is in the order of the file.
type Problems struct { //nolint:errname // a list of problems is what it is, and reads so in errors.As
	// File is the name of the file.
	File string
	// List holds every problem that was found.
	List []Problem
}

// Error prints each problem as "file:line:column: path: message", then the line
// of the file and the remedy.
func (p *Problems) Error() string {
	var text strings.Builder
	for i, problem := range p.List {
		if i > 0 {
			text.WriteString("\n")
		}
		fmt.Fprintf(&text, "%s:%d:%d: ", p.File, problem.Line, problem.Column)
		if problem.Path != "" {
			text.WriteString(problem.Path + ": ")
		}
		text.WriteString(problem.Message)
		if problem.Source != "" {
			fmt.Fprintf(&text, "\n  %4d | %s", problem.Line, problem.Source)
		}
		text.WriteString("\n  remedy: " + problem.Remedy)
	}
	return text.String()
}
