package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func project(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m\n", "a.go": "package a\n\nfunc F() {}\n",
		"dev/go.mod": "module m/dev\n", "dev/b.go": "// Package b is.\npackage b\n",
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestTableShowsUsBesideTheAnchors(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run([]string{project(t)}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"steward/dev", "goal", "age 1.3.2", "miniflux", "1163/4/0", "measured by us", "steward: exported without a comment\n  a.go:3  F\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	for _, a := range anchors {
		if len(a.values) != len(rows) {
			t.Errorf("%s has %d values for %d rows", a.name, len(a.values), len(rows))
		}
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run([]string{"--json", project(t)}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	var columns []column
	if err := json.Unmarshal(out.Bytes(), &columns); err != nil {
		t.Fatal(err)
	}
	if len(columns) != 2 || columns[0].Report.Figures.Files != 1 || columns[1].Name != "steward/dev" {
		t.Errorf("columns: %+v", columns)
	}
}

func TestRunRefuses(t *testing.T) {
	t.Parallel()
	if err := run([]string{t.TempDir()}, io.Discard, io.Discard); err == nil {
		t.Error("an empty directory was measured")
	}
	if err := run([]string{"--what"}, io.Discard, io.Discard); err == nil {
		t.Error("an unknown flag was taken")
	}
}
