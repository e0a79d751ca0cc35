package main

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
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
