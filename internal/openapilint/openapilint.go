// Package openapilint finds in an OpenAPI 3.1 document what a reader or a generator of
// clients would stumble over. Its rules are those of Spectral's and OWASP's rule sets
// that fit a JSON API with problem details; docs/decisions.md says why it is our own.
package openapilint

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Lint gives a sentence for each rule that is broken, in the order of the document's
// names; it fails for what is no JSON object. The members of the schemas called
// foreign have the names that somebody else gave them.
func Lint(document []byte, foreign ...string) ([]string, error) {
	var root node
	if err := json.Unmarshal(document, &root); err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}

	l := &linter{root: root, used: map[string]bool{}, ids: map[string]string{}, foreign: foreign}
	l.top()

	paths := root.child("paths")
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		l.path(path, paths.child(path))
	}

	schemas := root.child("components").child("schemas")
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		l.schema("schema "+name, schemas.child(name))
	}

	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		if !l.used["#/components/schemas/"+name] {
			l.say("schema "+name, "nothing uses it")
		}
	}

	return l.found, nil
}

// node is one object of the document.
type node map[string]any

// child is a member that is an object; empty if there is none.
func (n node) child(name string) node {
	found, _ := n[name].(map[string]any) //nolint:errcheck // empty is what is meant

	return found
}

func (n node) text(name string) string {
	found, _ := n[name].(string) //nolint:errcheck // empty is what is meant

	return found
}

func (n node) list(name string) []any {
	found, _ := n[name].([]any) //nolint:errcheck // empty is what is meant

	return found
}

func (n node) has(name string) bool {
	_, there := n[name]

	return there
}

type linter struct {
	root  node
	found []string
	used  map[string]bool   // references
	ids   map[string]string // operation ids, and where they stand
	// foreign are schemas whose names are not ours.
	foreign []string
}

func (l *linter) say(where, what string) { l.found = append(l.found, where+": "+what) }

func (l *linter) top() {
	if !strings.HasPrefix(l.root.text("openapi"), "3.1.") {
		l.say("document", "it is no OpenAPI 3.1")
	}

	for _, name := range []string{"title", "version", "description"} {
		if l.root.child("info").text(name) == "" {
			l.say("info", name+" is missing")
		}
	}

	if len(l.root.list("servers")) == 0 {
		l.say("document", "no server is named")
	}

	for _, tag := range l.root.list("tags") {
		if one, ok := tag.(map[string]any); !ok || node(one).text("description") == "" {
			l.say("tags", "one has no description")
		}
	}
}

var (
	segment   = regexp.MustCompile(`^([a-z0-9.-]+|\{[a-z_]+\})$`)
	parameter = regexp.MustCompile(`\{([a-z_]+)\}`)
	kebab     = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)
	snake     = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

func (l *linter) path(path string, item node) {
	for part := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		if !segment.MatchString(part) {
			l.say(path, "its segment "+part+" is neither kebab-case nor a parameter")
		}
	}

	for _, method := range slices.Sorted(maps.Keys(item)) {
		l.operation(method+" "+path, path, item.child(method))
	}
}

func (l *linter) operation(where, path string, op node) {
	id := op.text("operationId")
	if other, taken := l.ids[id]; taken {
		l.say(where, "its id is that of "+other)
	}

	l.ids[id] = where

	switch summary := op.text("summary"); {
	case !kebab.MatchString(id):
		l.say(where, "its id is not kebab-case")
	case summary == "" || len(summary) > 80 || strings.HasSuffix(summary, "."):
		l.say(where, "its summary is missing, long or a sentence")
	case op.text("description") == "":
		l.say(where, "it has no description")
	case len(op.list("tags")) != 1 || !l.hasTag(op.list("tags")[0]):
		l.say(where, "it has no tag, many, or one that is not declared")
	case !op.has("security"):
		l.say(where, "it does not say whether it needs credentials")
	}

	l.parameters(where, path, op)
	l.body(where, op.child("requestBody"))
	l.responses(where, op)
}

func (l *linter) hasTag(name any) bool {
	return slices.ContainsFunc(l.root.list("tags"), func(tag any) bool {
		one, ok := tag.(map[string]any)

		return ok && one["name"] == name
	})
}

func (l *linter) parameters(where, path string, op node) {
	declared := map[string]bool{}

	for _, each := range op.list("parameters") {
		one, _ := each.(map[string]any) //nolint:errcheck // an empty one breaks the rules
		p := node(one)
		name := where + ", parameter " + p.text("name")

		if p.text("description") == "" && p.child("schema").text("description") == "" {
			l.say(name, "it has no description")
		}

		if p.text("in") == "path" {
			declared[p.text("name")] = true

			if p["required"] != true {
				l.say(name, "a parameter of the path is required")
			}
		}

		l.value(name, p.child("schema"))
	}

	for _, match := range parameter.FindAllStringSubmatch(path, -1) {
		if !declared[match[1]] {
			l.say(where, "the parameter "+match[1]+" of its path is not declared")
		}

		delete(declared, match[1])
	}

	for name := range declared {
		l.say(where, "the parameter "+name+" is not in its path")
	}
}

func (l *linter) body(where string, body node) {
	if len(body) == 0 {
		return
	}

	if body["required"] != true {
		l.say(where, "its body is not required")
	}

	l.content(where+", body", body)
}

func (l *linter) content(where string, holder node) {
	content := holder.child("content")
	for _, media := range slices.Sorted(maps.Keys(content)) {
		schema := content.child(media).child("schema")
		if len(schema) == 0 {
			l.say(where, media+" has no schema")
		}

		l.reference(where, schema)
	}
}

// always are the statuses that any operation may answer with.
func always(op node) []int {
	statuses := []int{
		http.StatusBadRequest, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
	}
	if len(op.list("security")) > 0 {
		statuses = append(statuses, http.StatusUnauthorized, http.StatusForbidden)
	}

	if len(op.child("requestBody")) > 0 {
		statuses = append(statuses, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity)
	}

	return statuses
}

func (l *linter) responses(where string, op node) {
	responses, successes := op.child("responses"), 0

	for _, status := range always(op) {
		if !responses.has(strconv.Itoa(status)) {
			l.say(where, "status "+strconv.Itoa(status)+" is not documented")
		}
	}

	for _, status := range slices.Sorted(maps.Keys(responses)) {
		response := responses.child(status)

		if status < "400" {
			successes++
		} else if !response.child("content").has("application/problem+json") && !response.child("content").has("application/json") {
			l.say(where, "status "+status+" has no problem details")
		}

		if response.text("description") == "" {
			l.say(where, "status "+status+" has no description")
		}

		l.content(where+", status "+status, response)
	}

	if successes == 0 {
		l.say(where, "no success is documented")
	}
}
