package policy_test

import (
	"crypto/rand"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"steward/internal/policy"
)

func TestFill(t *testing.T) {
	t.Parallel()
	src := []byte(`a: "${MANIFEST_KEY}" b: "${LEDGER_KEY}" c: "${MANIFEST_KEY}"`)
	got, err := policy.Fill(src, map[string]string{"MANIFEST_KEY": "one", "LEDGER_KEY": "two"})
	if err != nil || string(got) != `a: "one" b: "two" c: "one"` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestFillRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		src    string
		change map[string]string
		want   string
	}{
		{`"${UNHEARD_OF}"`, nil, "placeholder ${UNHEARD_OF} is unknown; known are MANIFEST_KEY, "},
		{`"${MANIFEST_KEY"}`, nil, `placeholder ${MANIFEST_KEY"} is unknown`},
		{`"${MANIFEST_KEY}"`, map[string]string{"LEDGER_KEY": "x"}, "placeholder ${MANIFEST_KEY} has no value; value LEDGER_KEY has no placeholder in the file"},
		{`"${MANIFEST_KEY}"`, map[string]string{"MANIFEST_KEY": ""}, "is empty or cannot stand in quotes"},
		{`"${MANIFEST_KEY}"`, map[string]string{"MANIFEST_KEY": "a\"\nmode: x"}, "is empty or cannot stand in quotes"},
		{`"${MANIFEST_KEY}"`, map[string]string{"MANIFEST_KEY": "${LEDGER_KEY}"}, "is empty or cannot stand in quotes"},
	} {
		got, err := policy.Fill([]byte(test.src), test.change)
		if got != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %s, %v, want %q", test.src, got, err, test.want)
		}
	}
}

func TestTrackedPolicyHasEveryPlaceholderAndNoMore(t *testing.T) {
	t.Parallel()
	all := values()
	for _, p := range policy.Placeholders() {
		if _, ok := all[p.Name]; !ok || p.Meaning == "" {
			t.Errorf("placeholder %+v has no value in the tests", p)
		}
		fewer := maps.Clone(all)
		delete(fewer, p.Name)
		if _, err := policy.Fill(read(t, "../../policy.yaml"), fewer); err == nil {
			t.Errorf("the tracked policy has no ${%s}", p.Name)
		}
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, devKey, err := note.GenerateKey(rand.Reader, policy.DevKeyPrefix+"manifest")
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, src []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	demo := write("demo.yaml", tracked(t))
	own := write("own.yaml", []byte(strings.Replace(string(tracked(t)), "Popkit", "Example", 1)))
	devKeys := write("dev.yaml", []byte(strings.Replace(string(read(t, own)), manifestKey, devKey, 1)))
	broken := write("broken.yaml", []byte("version: 2\n"))
	for _, test := range []struct {
		path string
		env  policy.Environment
		want string // empty: it loads
	}{
		{demo, policy.Dev, ""},
		{own, policy.Production, ""},
		{own, policy.Dev, ""},
		{devKeys, policy.Dev, ""},
		{demo, policy.Production, "demo.yaml:8:9: company.name: this is the policy of the demo company\n  remedy: write your own policy"},
		{demo, "", "this is the policy of the demo company"},
		{devKeys, policy.Production, "keys.manifest: the key was made by a dev environment\n  remedy: make a key"},
		{"../../policy.yaml", policy.Production, "keys.manifest: the placeholder ${MANIFEST_KEY} is not filled in"},
		{"../../policy.yaml", policy.Dev, "the placeholder ${ESCROW_RECIPIENT} is not filled in"},
		{broken, policy.Dev, "version \"2\" is not known"},
		{filepath.Join(dir, "absent.yaml"), policy.Dev, "reading the policy: open"},
	} {
		p, err := policy.Load(test.path, test.env)
		switch {
		case test.want == "" && (err != nil || p == nil):
			t.Errorf("%s in %q: %v", test.path, test.env, err)
		case test.want != "" && (p != nil || err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s in %q: %v, want %q", test.path, test.env, err, test.want)
		}
	}
}
