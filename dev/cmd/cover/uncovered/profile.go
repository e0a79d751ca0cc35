package uncovered

import (
	"cmp"
	"fmt"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/cover"
)

// Line is a line that returns an error and that no test has executed.
type Line struct {
	File string // import path of the package, and the file
	Line int
	Text string // without its indentation
}

// Package says how many statements of a package some test has executed.
type Package struct {
	Path       string
	Statements int
	Executed   int
}

// Report is what some profiles leave uncovered.
type Report struct {
	Packages     []Package // in the order of their paths
	Lines        []Line    // in the order of files and lines
	ErrorReturns int       // of all files, executed or not
}

// span is a block of a profile.
type span struct{ startLine, startColumn, endLine, endColumn int }

// tally is what all profiles together say about a block.
type tally struct{ statements, count int }

// Read merges profiles of go test -coverprofile: a block is executed when one of them says so.
// Files of the module are read below dir. It fails when a profile or a source that it names cannot be read.
func Read(module, dir string, profiles ...string) (Report, error) {
	files := map[string]map[span]tally{}
	for _, name := range profiles {
		parsed, err := cover.ParseProfiles(name)
		if err != nil {
			return Report{}, fmt.Errorf("reading a profile: %w", err)
		}
		for _, profile := range parsed {
			merge(files, profile)
		}
	}

	var report Report
	packages := map[string]Package{}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if err := report.addFile(module, dir, file, files[file]); err != nil {
			return Report{}, err
		}
		p := packages[path.Dir(file)]
		p.Path = path.Dir(file)
		for _, block := range files[file] {
			p.Statements += block.statements
			if block.count > 0 {
				p.Executed += block.statements
			}
		}
		packages[p.Path] = p
	}
	report.Packages = slices.SortedFunc(maps.Values(packages), func(a, b Package) int { return cmp.Compare(a.Path, b.Path) })
	return report, nil
}

func merge(files map[string]map[span]tally, profile *cover.Profile) {
	blocks := files[profile.FileName]
	if blocks == nil {
		blocks = map[span]tally{}
		files[profile.FileName] = blocks
	}
	for _, b := range profile.Blocks {
		key := span{b.StartLine, b.StartCol, b.EndLine, b.EndCol}
		blocks[key] = tally{statements: b.NumStmt, count: blocks[key].count + b.Count}
	}
}

func (r *Report) addFile(module, dir, file string, blocks map[span]tally) error {
	inside, ours := strings.CutPrefix(file, module+"/")
	if !ours {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(inside)))
	if err != nil {
		return fmt.Errorf("reading the source of a profile: %w", err)
	}
	positions, err := ErrorReturns(inside, text)
	if err != nil {
		return err
	}
	lines := strings.Split(string(text), "\n")
	for _, position := range positions {
		r.ErrorReturns++
		if !executed(blocks, position) {
			r.Lines = append(r.Lines, Line{File: file, Line: position.Line, Text: strings.TrimSpace(lines[position.Line-1])})
		}
	}
	return nil
}

// executed reports whether the innermost block that holds the position was executed. Blocks of a profile do not overlap
// except where a function literal stands inside of a statement; the one that starts last is then the right one.
func executed(blocks map[span]tally, position token.Position) bool {
	var inner span
	found := false
	for key := range blocks {
		if contains(key, position) && (!found || starts(inner, key)) {
			inner, found = key, true
		}
	}
	return found && blocks[inner].count > 0
}

func contains(s span, p token.Position) bool {
	after := s.startLine < p.Line || s.startLine == p.Line && s.startColumn <= p.Column
	before := p.Line < s.endLine || p.Line == s.endLine && p.Column < s.endColumn
	return after && before
}

// starts reports whether a starts before b.
func starts(a, b span) bool {
	return a.startLine < b.startLine || a.startLine == b.startLine && a.startColumn < b.startColumn
}
