package mutanttest

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const source = `package p

func f(a, b int, at interface{ Before(x int) bool }) bool {
	return a < b && !at.Before(a) || other.open()
}
`

func ofSource(t *testing.T) []mutant {
	t.Helper()

	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.go"), []byte(source))
	write(t, filepath.Join(dir, "p_test.go"), []byte("package p\n\nconst tested = 1 == 1\n"))

	all, err := mutants(dir, []string{"Before", "open"})
	if err != nil {
		t.Fatal(err)
	}

	return all
}

func TestEveryComparisonHasItsMutants(t *testing.T) {
	t.Parallel()

	var got []string

	for _, one := range ofSource(t) {
		got = append(got, one.at)
	}

	slices.Sort(got)

	want := []string{
		"p.go:4:11 < to <=", "p.go:4:11 < to >=", "p.go:4:15 && to ||", "p.go:4:18 ! to ", "p.go:4:19 Before to !", "p.go:4:22 Before to After",
		"p.go:4:32 || to &&", "p.go:4:35 open to !",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestAMutantIsTheSourceWithOneChange(t *testing.T) {
	t.Parallel()

	for _, one := range ofSource(t) {
		text, err := one.changed()
		if err != nil {
			t.Fatal(err)
		}

		if one.at == "p.go:4:22 Before to After" && string(text) != strings.Replace(source, "!at.Before", "!at.After", 1) || string(text) == source {
			t.Errorf("%s: %s", one.at, text)
		}
	}

	if _, err := (mutant{file: filepath.Join(t.TempDir(), "none.go")}).changed(); err == nil {
		t.Error("a file that is not there was changed")
	}
}

// Another seed tries others, the same seed the same ones, and in the end each mutant has
// its turn: a fixed sample would leave the rest to the soak for ever.
func TestSamples(t *testing.T) {
	t.Parallel()

	all := ofSource(t)
	tried := map[string]bool{}

	for seed := range uint64(100) {
		one, again := sample(all, quick, seed), sample(all, quick, seed)
		if len(one) != quick || !slices.Equal(one, again) {
			t.Fatalf("seed %d: %v, then %v", seed, one, again)
		}

		for _, each := range one {
			tried[each.at] = true
		}
	}

	if len(tried) != len(all) {
		t.Errorf("of %d mutants only %v were ever tried", len(all), tried)
	}

	if len(sample(all, 1000, 1)) != len(all) {
		t.Error("more are drawn than there are")
	}
}

func TestSeeds(t *testing.T) {
	t.Parallel()

	drawn := map[uint64]bool{}

	for range 10 {
		one, err := seed("")
		if err != nil {
			t.Fatal(err)
		}

		drawn[one] = true
	}

	if len(drawn) == 1 {
		t.Error("the seed is always the same")
	}

	if given, err := seed("42"); err != nil || given != 42 {
		t.Errorf("%d, %v", given, err)
	}

	if _, err := seed("some"); err == nil {
		t.Error("a word is taken for a seed")
	}
}

// What does not parse is told, not passed over.
func TestSourceThatIsNone(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	write(t, filepath.Join(dir, "p.go"), []byte("package"))

	if _, err := mutants(dir, nil); err == nil {
		t.Error("half a file has mutants")
	}
}
