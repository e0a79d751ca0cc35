// Package mutanttest changes a package one comparison, connective or negation at a
// time and demands that the package's own tests notice. It is for packages that
// decide what is deleted: there a test that cannot fail is worse than none.
package mutanttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// The variables that a test process reads.
const (
	mutantVariable = "STEWARD_MUTANT" // set: the code under test is a mutant
	seedVariable   = "STEWARD_SEED"   // the number that repeats a random choice
	soakVariable   = "STEWARD_SOAK"   // 1: everything is tried
)

// quick is how many mutants plain go test tries: each is a compilation and a run of all
// tests of the package.
const quick = 3

// Package is what is changed: the one in whose folder the test runs.
type Package struct {
	// Asks are the methods, its own and those of others, whose answer is turned around.
	Asks []string
	// Equivalent are mutants that change nothing, as they are printed, each with its reason.
	Equivalent map[string]string
	// Flags go to the test program, so that what it draws is the same for each mutant.
	Flags []string
}

// Mutant reports whether the code under test is a mutant. Its tests draw the same
// histories each time then: whether it is noticed is no matter of luck.
func Mutant() bool { return os.Getenv(mutantVariable) != "" }

// Check demands that the tests of the package notice its mutants: three of them, drawn
// anew in each process and again by STEWARD_SEED, or all with STEWARD_SOAK=1.
func Check(t *testing.T, pkg Package) {
	t.Helper()

	if Mutant() {
		t.Skip("this is a mutant")
	}

	all, err := mutants(".", pkg.Asks)
	if err != nil {
		t.Fatal(err)
	}

	seed, err := seed(os.Getenv(seedVariable))
	if err != nil {
		t.Fatal(err)
	}

	chosen := all
	if os.Getenv(soakVariable) != "1" {
		chosen = sample(all, quick, seed)
	}

	known := map[string]bool{}

	for _, one := range all {
		known[one.at] = true
	}

	for at := range pkg.Equivalent {
		if !known[at] {
			t.Errorf("%s is said to change nothing, and there is no such mutant", at)
		}
	}

	for _, one := range chosen {
		if reason, same := pkg.Equivalent[one.at]; same {
			t.Logf("%s changes nothing: %s", one.at, reason)

			continue
		}

		if output, survived := one.survives(t, pkg.Flags); survived {
			t.Errorf("STEWARD_SEED=%d: nobody notices %s\n%s", seed, one.at, output)
		} else {
			t.Logf("noticed: %s", one.at)
		}
	}

	t.Logf("mutants=%d tried=%d equivalent=%d seed=%d", len(all), len(chosen), len(pkg.Equivalent), seed)
}

// seed is the one that is given, else a random one.
func seed(given string) (uint64, error) {
	if given == "" {
		return uint64(rand.Uint32()), nil
	}

	number, err := strconv.ParseUint(given, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("reading the seed: %w", err)
	}

	return number, nil
}

// survives runs the tests over the changed file. A mutant that does not compile
// is a fault of this test.
func (m mutant) survives(t *testing.T, flags []string) (string, bool) {
	t.Helper()

	text, err := m.changed()
	if err != nil {
		t.Fatal(err)
	}

	changed := filepath.Join(t.TempDir(), filepath.Base(m.file))
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	write(t, changed, text)

	original, err := filepath.Abs(m.file)
	if err != nil {
		t.Fatal(err)
	}

	document, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		t.Fatal(err)
	}

	write(t, overlay, document)

	args := append([]string{"test", "-overlay", overlay, "-vet=off", "-count=1", "-failfast", "."}, flags...)
	command := exec.CommandContext(t.Context(), "go", args...)
	command.Env = append(os.Environ(), mutantVariable+"=1", soakVariable+"=", seedVariable+"=")
	output, err := command.CombinedOutput()

	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) || strings.Contains(string(output), "[build failed]") {
		t.Fatalf("%s: %v\n%s", m.at, err, output)
	}

	return string(output), err == nil
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()

	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
