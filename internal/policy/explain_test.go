package policy_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"steward/internal/policy"
	"steward/internal/promise"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	var names []promise.Name
	for _, s := range parsed(t).Explain() {
		fmt.Fprintf(&text, "%s (%s, built %v, %s): %s\n", s.Promise, s.Mode, s.Built, s.Source, s.Text)
		names = append(names, s.Promise)
	}
	golden(t, "testdata/explain.txt", text.String())
	var table []promise.Name
	for _, row := range promise.Table() {
		table = append(table, row.Name)
	}
	if diff := cmp.Diff(table, names); diff != "" {
		t.Errorf("the tracked policy and the table differ (-table +policy):\n%s", diff)
	}
}

func TestExplainTellsOnlyWhatIsPromised(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]string{
		"testdata/working_minimal.yaml":        "the last drilled backup is kept until there is a younger one",
		"testdata/working_honour_ceiling.yaml": "even the last drilled backup goes at its end",
	} {
		p, err := policy.Parse(file, read(t, file))
		if err != nil {
			t.Fatal(err)
		}
		sentences := p.Explain()
		if len(sentences) != 2 || len(p.Rules()) != 2 || !strings.Contains(sentences[0].Text, want) {
			t.Errorf("%s: %+v", file, sentences)
		}
	}
}

func TestHash(t *testing.T) {
	t.Parallel()
	hash := func(src string) string {
		p, err := policy.Parse("policy.yaml", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(p.Canonical()))
		if p.Hash() != hex.EncodeToString(sum[:]) {
			t.Errorf("Hash is not the SHA-256 of Canonical")
		}
		return p.Hash()
	}
	plain := string(read(t, "testdata/working_minimal.yaml"))
	first := hash(plain)
	for _, same := range []string{
		string(read(t, "testdata/working_comments_and_quotes.yaml")),
		strings.Replace(plain, "    verify_every: 25h\n    seal_within: 15min\n", "    seal_within: 15min\n    verify_every: 25h\n", 1),
	} {
		if got := hash(same); got != first {
			t.Errorf("the form changes the hash:\n%s", same)
		}
	}
	for _, change := range [][2]string{{"7d", "8d"}, {"Example", "Other"}, {"role: app", "role: app"}} {
		got := hash(strings.Replace(plain, change[0], change[1], 1))
		if (got != first) != (change[0] != change[1]) {
			t.Errorf("%v: hash %s", change, got)
		}
	}
	golden(t, "testdata/canonical.txt", canonicalOf(t, plain)+"sha256 "+first+"\n")
}

func canonicalOf(t *testing.T, src string) string {
	t.Helper()
	p, err := policy.Parse("policy.yaml", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	return p.Canonical()
}

// docs/policy.md ends with the reference; -update writes it anew.
func TestReferenceIsFresh(t *testing.T) {
	t.Parallel()
	const file, heading = "../../docs/policy.md", "## Every key\n"
	text, _, found := strings.Cut(string(read(t, file)), heading)
	if !found {
		t.Fatalf("%s has no %q", file, heading)
	}
	if *update {
		if err := os.WriteFile(file, []byte(text+policy.Reference()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(text+policy.Reference(), string(read(t, file))); diff != "" {
		t.Errorf("run go test ./internal/policy -run Reference -update (-now +file):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"busted_*.yaml", "working_*.yaml"} {
		for _, file := range fixtures(f, pattern) {
			f.Add(read(f, file))
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		p, err := policy.Parse("fuzz.yaml", src)
		if (p == nil) == (err == nil) {
			t.Fatalf("policy %v, error %v", p, err)
		}
		if p != nil {
			if len(p.Explain()) < 2 || len(p.Hash()) != sha256.Size*2 {
				t.Error("a policy without sentences or hash")
			}
			return
		}
		checkProblems(t, err)
	})
}

func TestExplainTellsExceptionsAndCopies(t *testing.T) {
	t.Parallel()
	const file = "testdata/working_exceptions.yaml"
	p, err := policy.Parse(file, read(t, file))
	if err != nil {
		t.Fatal(err)
	}
	sentences := p.Explain()
	const want = "What is deleted is deleted in every store, with a certificate and a date by which it is gone everywhere. " +
		"Except invoices (of billing), retained for 10 years at most: Invoices are kept for ten years (Code de commerce, Art. L123-22). " +
		"The copy standby of app (replica) follows within 1 hour. The copy wal of app (pitr) follows within 7 days. " +
		"The copy figures of app (warehouse) follows at no stated time, so that nothing is certified as gone everywhere."
	if diff := cmp.Diff(want, sentences[len(sentences)-1].Text); diff != "" {
		t.Error(diff)
	}
	if found, ok := p.Exception("invoices"); !ok || found.Categories[0] != "billing" {
		t.Errorf("%+v", found)
	}
	if _, ok := p.Exception("other"); ok {
		t.Error("an exception that is not published")
	}
}
