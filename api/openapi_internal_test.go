package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/access"
	"steward/internal/config"
	"steward/internal/failure"
	"steward/internal/openapilint"
	"steward/internal/problem"
	"steward/internal/requesttest"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

const documentFile = "../docs/openapi.json"

// TestTheDocumentIsCheckedIn: a change of the API is a change that a reviewer sees.
// Write it anew with: go test ./api -run TestTheDocument -update.
func TestTheDocumentIsCheckedIn(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	if *update {
		if err := os.WriteFile(documentFile, h.service.document, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	want, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}

	if diff := cmp.Diff(string(want), string(h.service.document)); diff != "" {
		t.Errorf("docs/openapi.json is not what the API serves; write it anew with -update:\n%s", diff)
	}
}

func TestTheDocumentPassesTheLinter(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	found, err := openapilint.Lint(h.service.document, "PostmarkBody")
	if err != nil {
		t.Fatal(err)
	}

	for _, each := range found {
		t.Error(each)
	}
}

// TestTheDocumentIsOpenAPI asks an implementation of the specification that is not ours.
func TestTheDocumentIsOpenAPI(t *testing.T) {
	t.Parallel()

	python, err := exec.LookPath("python3")
	if err != nil || exec.CommandContext(t.Context(), python, "-c", "import openapi_spec_validator").Run() != nil {
		t.Skip("python3 with openapi-spec-validator is not installed")
	}

	output, err := exec.CommandContext(t.Context(), python, "-m", "openapi_spec_validator", documentFile).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// TestEveryOperationOfTheTableIsThere: the role table promises nothing that is not built.
func TestEveryOperationOfTheTableIsThere(t *testing.T) {
	t.Parallel()

	h := newHouse(t)

	document, err := requesttest.Parse(h.service.document)
	if err != nil {
		t.Fatal(err)
	}

	for _, rule := range access.Table() {
		if !slices.ContainsFunc(document.Operations, func(op requesttest.Operation) bool { return op.ID == string(rule.Operation) }) {
			t.Errorf("%s is not registered", rule.Operation)
		}
	}
}

// TestTheListOfProblems: docs/api.md has every code that the API may answer, and every
// variable that it reads.
func TestTheListOfProblems(t *testing.T) {
	t.Parallel()

	const path, mark = "../docs/api.md", "-update -->\n"

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	before, _, found := strings.Cut(string(text), mark)
	if !found {
		t.Fatal("docs/api.md has no mark for the list")
	}

	var list strings.Builder

	list.WriteString(before + mark + "\n| Code | Status | What it says | What to do |\n|---|---|---|---|\n")

	for _, row := range failure.Table() {
		if problem.Known(row.Code) {
			fmt.Fprintf(&list, "| `%s` | %d | %s | %s |\n", row.Code, problem.Status(row.Code), row.Text, row.Hint)
		}
	}

	if *update {
		if err := os.WriteFile(path, []byte(list.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(list.String(), string(text)); diff != "" {
		t.Errorf("docs/api.md is not the table of the code; write it anew with -update:\n%s", diff)
	}

	for field := range reflect.TypeFor[config.API]().Fields() {
		if name, _, _ := strings.Cut(field.Tag.Get("env"), ","); strings.HasPrefix(name, "STEWARD_") && !strings.Contains(before, "`"+name+"`") {
			t.Errorf("docs/api.md does not explain %s", name)
		}
	}
}
