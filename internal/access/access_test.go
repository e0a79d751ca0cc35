package access_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"steward/internal/access"
)

var update = flag.Bool("update", false, "write the table of docs/roles.md anew")

// Every way to come, to every operation: only what the rule names is granted.
func TestDecide(t *testing.T) {
	t.Parallel()

	for _, rule := range access.Table() {
		if got, want := access.Decide(rule, nil), map[bool]access.Verdict{true: access.Granted, false: access.Unknown}[rule.Public]; got != want {
			t.Errorf("%s without credentials: %d", rule.Operation, got)
		}

		for _, role := range access.Roles() {
			// The scopes of staff count for nothing.
			who := access.Principal{Kind: access.Staff, Role: role, Scopes: access.Scopes()}
			check(t, rule, who, rule.Public || slices.Contains(rule.Roles, role))

			// With a token that somebody else made: to see whose it is, and to get another.
			who.Handed = true
			may := rule.Operation == "get-me" || rule.Operation == "rotate-my-token"
			check(t, rule, who, rule.Public || may)

			if got, named := access.Decide(rule, &who), slices.Contains(rule.Roles, role); (got == access.Renew) != (named && !may) {
				t.Errorf("%s for %+v: %d", rule.Operation, who, got)
			}
		}

		for _, scope := range access.Scopes() {
			// Neither does the role of an app.
			for _, role := range append(access.Roles(), "") {
				who := access.Principal{Kind: access.App, Role: role, Scopes: []access.Scope{scope}}
				check(t, rule, who, rule.Public || rule.Scope == scope)
			}
		}

		for _, nobody := range []access.Principal{{}, {Kind: access.App}, {Kind: access.Staff}, {Kind: "root", Role: access.Operator, Scopes: access.Scopes()}} {
			check(t, rule, nobody, rule.Public)
		}
	}

	// A rule that says nothing lets nobody in.
	check(t, access.Rule{}, access.Principal{Kind: access.App, Scopes: []access.Scope{""}}, false)
}

func check(t *testing.T, rule access.Rule, who access.Principal, want bool) {
	t.Helper()

	if got := access.Decide(rule, &who); (got == access.Granted) != want || got == access.Unknown {
		t.Errorf("%s for %+v: %d", rule.Operation, who, got)
	}
}

// The table names each operation once, only words that there are, and somebody who
// may; no key may do what only people may answer for.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()

	seen := map[access.Operation]bool{}

	for _, rule := range access.Table() {
		if seen[rule.Operation] || !regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`).MatchString(string(rule.Operation)) {
			t.Errorf("%s stands there twice, or is no operation", rule.Operation)
		}

		seen[rule.Operation] = true

		if rule.Public == (rule.Scope != "" || len(rule.Roles) > 0) {
			t.Errorf("%s: everybody, or somebody, may", rule.Operation)
		}

		if rule.Scope != "" && !slices.Contains(access.Scopes(), rule.Scope) {
			t.Errorf("%s needs a scope that there is not: %s", rule.Operation, rule.Scope)
		}

		for _, role := range rule.Roles {
			if !slices.Contains(access.Roles(), role) {
				t.Errorf("%s is for a role that there is not: %s", rule.Operation, role)
			}
		}

		if found, known := access.Find(rule.Operation); !known || found.Operation != rule.Operation {
			t.Errorf("%s is not found", rule.Operation)
		}
	}

	if _, known := access.Find("delete-everything"); known {
		t.Error("an operation that is not there is found")
	}
}

// An auditor changes nothing.
func TestAuditorsRead(t *testing.T) {
	t.Parallel()

	for _, rule := range access.Table() {
		reads := strings.HasPrefix(string(rule.Operation), "get-") || strings.HasPrefix(string(rule.Operation), "list-") || rule.Operation == "rotate-my-token"
		if slices.Contains(rule.Roles, access.Auditor) && !reads {
			t.Errorf("an auditor may %s", rule.Operation)
		}
	}
}

func TestWhoCallsIsInTheContext(t *testing.T) {
	t.Parallel()

	if _, known := access.From(t.Context()); known {
		t.Error("somebody calls")
	}

	who := access.Principal{Kind: access.Staff, ID: "stf_a", Role: access.Lead}
	if got, known := access.From(access.With(t.Context(), who)); !known || got.ID != who.ID {
		t.Errorf("%+v", got)
	}
}

const begin, end = "<!-- begin operations -->\n", "<!-- end operations -->\n"

// TestRolesDocument holds docs/roles.md to the table.
func TestRolesDocument(t *testing.T) {
	t.Parallel()

	const path = "../../docs/roles.md"

	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}

	head, rest, found := strings.Cut(string(text), begin)
	_, tail, ended := strings.Cut(rest, end)

	if !found || !ended {
		t.Fatal("docs/roles.md has no place for the table")
	}

	want := head + begin + document() + end + tail
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}

		text = []byte(want)
	}

	if string(text) != want {
		t.Error("docs/roles.md is not what the table says; run: go test ./internal/access -update")
	}
}

func document() string {
	var doc strings.Builder

	doc.WriteString("| operation | key with the scope |")

	for _, role := range access.Roles() {
		fmt.Fprintf(&doc, " %s |", role)
	}

	doc.WriteString("\n|---|---|" + strings.Repeat("---|", len(access.Roles())) + "\n")

	for _, rule := range access.Table() {
		scope := "`" + string(rule.Scope) + "`"
		if rule.Scope == "" {
			scope = map[bool]string{true: "anybody"}[rule.Public]
		}

		fmt.Fprintf(&doc, "| `%s` | %s |", rule.Operation, scope)

		for _, role := range access.Roles() {
			may := ""

			switch {
			case rule.Public:
				may = "anybody"
			case slices.Contains(rule.Roles, role):
				may = "yes"
			}

			fmt.Fprintf(&doc, " %s |", may)
		}

		doc.WriteString("\n")
	}

	return doc.String()
}

func ExampleDecide() {
	rule, _ := access.Find("revoke-key")

	for _, role := range access.Roles() {
		who := access.Principal{Kind: access.Staff, Role: role}
		fmt.Println(role, access.Decide(rule, &who) == access.Granted)
	}
	// Output:
	// support false
	// lead false
	// operator true
	// auditor false
}
