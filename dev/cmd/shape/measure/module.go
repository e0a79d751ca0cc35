package measure

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// Report is what one module looks like, and the places that stand out.
type Report struct {
	Figures   Figures    `json:"figures"`
	Offenders []Offender `json:"offenders"` // ordered by rule, then place
}

// Offender is a place that is beyond one of the goals. It is a place to look at, not a mistake.
type Offender struct {
	Rule  string `json:"rule"`
	Place string `json:"place"` // file:line, relative to the module
	What  string `json:"what"`
}

// Module measures the module in dir, without the modules inside of it.
// It fails when dir has no go.mod, or when a file cannot be read or is no Go.
func Module(dir string) (Report, error) {
	c := collector{dir: dir, packages: map[string]bool{}}
	if err := c.readModFile(); err != nil {
		return Report{}, err
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && skipped(dir, path, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(path) != ".go":
			return nil
		}
		return c.file(path)
	})
	if err != nil {
		return Report{}, fmt.Errorf("measuring %s: %w", dir, err)
	}
	return c.report(), nil
}

// skipped reports whether a directory holds something else than this module's own code.
func skipped(root, path, name string) bool {
	if path == root {
		return false
	}
	if name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

type collector struct {
	dir       string
	figures   Figures
	packages  map[string]bool // directory to "has a package comment"
	fileLines []int
	funcLines []int
	offenders []Offender
}

func (c *collector) readModFile() error {
	path := filepath.Join(c.dir, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the module file: %w", err)
	}
	file, err := modfile.Parse(path, text, nil)
	if err != nil {
		return fmt.Errorf("parsing the module file: %w", err)
	}
	for _, require := range file.Require {
		if !require.Indirect {
			c.figures.DirectDeps++
		}
	}
	return nil
}

func (c *collector) offend(rule, place, what string) {
	c.offenders = append(c.offenders, Offender{Rule: rule, Place: place, What: what})
}

func (c *collector) report() Report {
	f := c.figures
	f.Packages = len(c.packages)
	for directory, documented := range c.packages {
		if documented {
			f.PackageDocs++
			continue
		}
		c.offend("package without a comment", directory, "")
	}
	f.FileLines, f.FuncLines = SpreadOf(c.fileLines), SpreadOf(c.funcLines)
	slices.SortFunc(c.offenders, func(a, b Offender) int {
		return strings.Compare(a.Rule+"\x00"+a.Place, b.Rule+"\x00"+b.Place)
	})
	return Report{Figures: f, Offenders: c.offenders}
}
