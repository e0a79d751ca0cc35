package policy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"steward/internal/policy"
	"steward/internal/promise"
)

// row is one sentence of docs/promises.md.
type row struct{ id, says, rule, workflow, test string }

// sentences reads the tables of docs/promises.md.
func sentences(t *testing.T) []row {
	t.Helper()
	var rows []row
	for line := range strings.Lines(string(read(t, "../../docs/promises.md"))) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if !regexp.MustCompile(`^\| [AB]-\d+$`).MatchString(cells[0]) {
			continue
		}
		if len(cells) != 5 {
			t.Fatalf("%s has %d cells", cells[0], len(cells))
		}
		rows = append(rows, row{strings.TrimPrefix(cells[0], "| "), cells[1], cells[2], cells[3], strings.TrimSuffix(cells[4], " |")})
	}
	return rows
}

// quoted returns what stands between backquotes.
func quoted(text string) []string {
	var found []string
	for _, match := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

func TestEverySentenceHasAnHonestRow(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	for _, r := range sentences(t) {
		letter := r.id[:1]
		counts[letter]++
		if r.id != fmt.Sprintf("%s-%d", letter, counts[letter]) || len(r.says) < 10 {
			t.Errorf("row %+v is out of order or empty", r)
		}
		if reason, found := strings.CutPrefix(r.rule, "statement only: "); found {
			if len(reason) < 5 || r.workflow != "-" || r.test != "-" {
				t.Errorf("statement %+v", r)
			}
			continue
		}
		checkRule(t, r)
	}
	// The sentences of the texts, counted by hand.
	if counts["A"] != 98 || counts["B"] != 27 {
		t.Errorf("rows %v", counts)
	}
}

// checkRule demands that rule, workflows and test files exist.
func checkRule(t *testing.T, r row) {
	t.Helper()
	var workflows []string
	built := true // a sentence is kept once all of its rules are
	for _, rule := range quoted(r.rule) {
		name, _, _ := strings.Cut(rule, ".")
		known, ok := promise.Find(promise.Name(name))
		if !ok || !strings.Contains(policy.Reference(), "| `promises."+rule+"` |") {
			t.Errorf("%s names the rule %s, which is none", r.id, rule)
		}
		built = built && known.Built
		workflows = append(workflows, known.Workflows...)
	}
	if built == (r.test == "not yet") {
		t.Errorf("%s: built is %v, but the test is %q", r.id, built, r.test)
	}
	if len(workflows) == 0 || len(quoted(r.workflow)) == 0 {
		t.Errorf("%s has neither a reason nor a rule with workflows", r.id)
	}
	for _, workflow := range quoted(r.workflow) {
		if !slices.ContainsFunc(promise.Table(), func(p promise.Row) bool { return slices.Contains(p.Workflows, workflow) }) {
			t.Errorf("%s names the workflow %s, which is none", r.id, workflow)
		}
	}
	for _, file := range quoted(r.test) {
		if _, err := os.Stat(filepath.Join("..", "..", file)); err != nil {
			t.Errorf("%s names a test that is not there: %v", r.id, err)
		}
	}
}

func TestTrackedPolicyCitesRowsOfItsRules(t *testing.T) {
	t.Parallel()
	rows := map[string]row{}
	for _, r := range sentences(t) {
		rows[r.id] = r
	}
	for _, s := range parsed(t).Explain() {
		if s.Source != "" && !strings.Contains(rows[s.Source].rule, "`"+string(s.Promise)) && !strings.Contains(rows[s.Source].workflow, "Erasure") {
			t.Errorf("%s cites %s, which is kept by %s", s.Promise, s.Source, rows[s.Source].rule)
		}
	}
}
