package uncovered_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/dev/cmd/cover/uncovered"
)

// Each line that must be found ends in the comment that says so.
const source = `package a

import "errors"

var errStop = errors.New("stop")

func a(err error) (int, error) {
	if err != nil {
		return 0, err // error
	}
	f := func() error {
		return errors.New("x") // error
	}
	g := func() int { return f2() }
	if g() == 0 {
		return 1, io.EOF // error
	}
	return g(), nil
}

func b() error { return f() }

func c() error {
	return failure.Wrap("code", "op", // error
		nil)
}

func d() int { err := 1; return err }

func e() (err error) { return }
`

func TestErrorReturns(t *testing.T) {
	t.Parallel()
	found, err := uncovered.ErrorReturns("a.go", []byte(source))
	if err != nil {
		t.Fatal(err)
	}
	got := map[int]bool{}
	for _, position := range found {
		got[position.Line] = true
	}
	want := map[int]bool{}
	for i, line := range strings.Split(source, "\n") {
		if strings.HasSuffix(line, "// error") {
			want[i+1] = true
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if _, err := uncovered.ErrorReturns("a.go", []byte("what")); err == nil {
		t.Error("no error for what is no Go")
	}
}

const measured = `package p

import "errors"

func F(n int) error {
	if n > 2 {
		return errors.New("big")
	}
	if n > 1 {
		return errors.New("middle")
	}
	return nil
}
`

func TestReadMergesProfiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("p/p.go", measured)
	const blocks = "m/p/p.go:5.21,6.11 1 1\nm/p/p.go:6.11,8.3 1 BIG\nm/p/p.go:9.2,9.11 1 1\nm/p/p.go:9.11,11.3 1 MIDDLE\nm/p/p.go:12.2,12.12 1 1\n"
	profile := func(name, big, middle string) string {
		return write(name, "mode: set\nelse.where/x/x.go:1.1,2.2 3 1\n"+strings.NewReplacer("BIG", big, "MIDDLE", middle).Replace(blocks))
	}
	one, other, neither := profile("one", "1", "0"), profile("other", "0", "1"), profile("neither", "0", "0")

	cases := []struct {
		profiles []string
		executed int
		lines    []uncovered.Line
	}{
		{[]string{one, other}, 5, nil},
		{[]string{one}, 4, []uncovered.Line{{File: "m/p/p.go", Line: 10, Text: `return errors.New("middle")`}}},
		{[]string{neither}, 3, []uncovered.Line{
			{File: "m/p/p.go", Line: 7, Text: `return errors.New("big")`},
			{File: "m/p/p.go", Line: 10, Text: `return errors.New("middle")`},
		}},
	}
	for _, c := range cases {
		got, err := uncovered.Read("m", dir, c.profiles...)
		if err != nil {
			t.Fatal(err)
		}
		want := uncovered.Report{
			Packages: []uncovered.Package{
				{Path: "else.where/x", Statements: 3, Executed: 3},
				{Path: "m/p", Statements: 5, Executed: c.executed},
			},
			Lines:        c.lines,
			ErrorReturns: 2,
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}

	if _, err := uncovered.Read("m", dir, filepath.Join(dir, "missing")); err == nil {
		t.Error("no error for a profile that is not there")
	}
	if _, err := uncovered.Read("m", t.TempDir(), one); err == nil {
		t.Error("no error for a source that is not there")
	}
}
