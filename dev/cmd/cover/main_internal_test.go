package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module m\n",
		"a.go":    "package a\n\nfunc F(err error) error {\n\tif err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n",
		"profile": "mode: set\nm/a.go:3.26,4.16 1 1\nm/a.go:4.16,6.3 1 0\nm/a.go:7.2,7.12 1 1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	profile := filepath.Join(dir, "profile")

	var out bytes.Buffer
	if err := run([]string{"-dir", dir, profile}, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"2/3  66.7 %", "1 of 1 lines that return an error", "m/a.go:5: return err"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if err := run([]string{"-strict", "-dir", dir, profile}, io.Discard, io.Discard); !errors.Is(err, errLines) {
		t.Errorf("strict: %v", err)
	}
	for name, args := range map[string][]string{
		"no profile":   {"-dir", dir},
		"no module":    {"-dir", t.TempDir(), profile},
		"no such flag": {"--what"},
		"bad profile":  {"-dir", dir, filepath.Join(dir, "a.go")},
	} {
		if err := run(args, io.Discard, io.Discard); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
