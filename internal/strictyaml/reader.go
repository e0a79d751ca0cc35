package strictyaml

import (
	"fmt"
	"sort"
	"strings"

	"github.com/goccy/go-yaml/token"
)

// Reader gathers what reading a file finds.
type Reader struct {
	format   Format
	began    bool             // the file has one document
	lines    []string         // of the source, for the problems
	problems []Problem        // in the order of finding
	places   map[string]Place // where each path stands
	values   []pathValue      // each value that was read
	faulty   map[string]bool  // paths that have a problem
}

// pathValue is a value as the file has it.
type pathValue struct{ path, text string }

// Place is where something stands in the file.
type Place struct {
	// Path is the key, such as promises.backups.keep; empty for the whole file.
	Path string
	// Line and Column count from 1.
	Line, Column int
}

// at returns the place of a token that belongs to path.
func at(path string, tk *token.Token) Place {
	if tk == nil || tk.Position == nil {
		return Place{Path: path, Line: 1, Column: 1}
	}
	return Place{Path: path, Line: max(tk.Position.Line, 1), Column: max(tk.Position.Column, 1)}
}

// Sayf records a problem, with what to do about it.
func (r *Reader) Sayf(where Place, remedy, format string, args ...any) {
	problem := Problem{
		Line: where.Line, Column: where.Column, Path: where.Path,
		Message: fmt.Sprintf(format, args...), Remedy: remedy,
	}
	if where.Line <= len(r.lines) {
		problem.Source = r.format.Secrets.Mask(r.lines[where.Line-1])
	}
	r.problems = append(r.problems, problem)
	r.faulty[where.Path] = true
}

// Sound reports whether all paths stand in the file and have no problem, in
// themselves or below, so that a contradiction between them can be judged.
func (r *Reader) Sound(paths ...string) bool {
	for _, path := range paths {
		if _, found := r.places[path]; !found {
			return false
		}
		for faulty := range r.faulty {
			if faulty == path || strings.HasPrefix(faulty, path+".") || strings.HasPrefix(faulty, path+"[") {
				return false
			}
		}
	}
	return true
}

// Place returns where a path stands, false where it does not.
func (r *Reader) Place(path string) (Place, bool) {
	where, found := r.places[path]
	return where, found
}

// Faulty reports whether the path itself has a problem.
func (r *Reader) Faulty(path string) bool { return r.faulty[path] }

// sorted returns the problems in the order of the file.
func (r *Reader) sorted() []Problem {
	sort.SliceStable(r.problems, func(i, j int) bool {
		a, b := r.problems[i], r.problems[j]
		return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
	})
	return r.problems
}
