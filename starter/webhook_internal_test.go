package main

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"steward/internal/failure"
)

// TestAnAddressMayComeFromTheStandardInput, where nobody else sees what it carries.
func TestAnAddressMayComeFromTheStandardInput(t *testing.T) {
	t.Parallel()

	const address = "https://app.example.com/hooks/s3cr3t"

	for name, test := range map[string]struct {
		given string
		in    io.Reader
		want  string
	}{
		"given":             {address, iotest.ErrReader(io.ErrUnexpectedEOF), address},
		"a line":            {"-", strings.NewReader(address + "\nmore\n"), address},
		"without a newline": {"-", strings.NewReader(" " + address), address},
		"nothing":           {"-", strings.NewReader(""), ""},
		"an empty line":     {"-", strings.NewReader("\n" + address), ""},
		"broken":            {"-", iotest.ErrReader(io.ErrUnexpectedEOF), ""},
		"broken off":        {"-", io.MultiReader(strings.NewReader(address), iotest.ErrReader(io.ErrUnexpectedEOF)), ""},
	} {
		got, err := addressOf(test.given, test.in)
		if got != test.want || (test.want == "") != failure.Is(err, failure.UsageWrong) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
