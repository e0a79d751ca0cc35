package main

import (
	"flag"
	"os"
	"os/exec"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/access"
	"steward/internal/openapilint"
	"steward/internal/requesttest"
)

var update = flag.Bool("update", false, "write docs/openapi.json anew")

const documentFile = "../docs/openapi.json"

// TestTheDocumentIsCheckedIn: a change of the API is a change that a reviewer sees.
// Write it anew with: go test ./api -run TestTheDocument -update
func TestTheDocumentIsCheckedIn(t *testing.T) {
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
