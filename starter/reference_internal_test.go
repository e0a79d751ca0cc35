package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"steward/internal/console"
	"steward/internal/datamap/explain"
	"steward/internal/doctor"
	"steward/internal/report"
	"steward/internal/setup"
)

var update = flag.Bool("update", false, "write docs/cli-json.md and the generated parts of docs/cli.md anew")

// contract names the type that each command prints with --json.
func contract() map[string]any {
	return map[string]any{
		"steward setup":                 setup.Report{},
		"steward doctor":                doctor.Report{},
		"steward promises":              promisesResult{},
		"steward backup run":            runEvent{},
		"steward backup list":           backupsResult{},
		"steward backup show":           backupResult{},
		"steward backup verify":         verifiedResult{},
		"steward backup prune":          pruneResult{},
		"steward backup evidence":       evidenceResult{},
		"steward backup check-evidence": checkedEvidence{},
		"steward ledger verify":         ledgerResult{},
		"steward ledger show":           entriesResult{},
		"steward ledger prove":          proofResult{},
		"steward ledger check-proof":    checkedResult{},
		"steward policy explain":        explainedResult{},
		"steward policy check":          policyResult{},
		"steward datamap check":         mapCheckResult{},
		"steward datamap residue":       residueResult{},
		"steward datamap explain":       explain.Table{},
		"steward datamap graph":         graphResult{},
		"steward datamap scaffold":      scaffoldResult{},
		"steward ui":                    linksResult{},
		"steward ui subject":            linksResult{},
		"steward login":                 meResult{},
		"steward logout":                loggedOut{},
		"steward key list":              keysResult{},
		"steward key create":            madeKey{},
		"steward key rotate":            madeKey{},
		"steward key revoke":            keysResult{},
		"steward staff list":            staffResult{},
		"steward staff add":             madeToken{},
		"steward staff change":          staffResult{},
		"steward staff end":             staffResult{},
		"steward staff rotate":          madeToken{},
		"steward staff bootstrap":       madeToken{},
		"steward act list":              actsResult{},
		"steward act looks":             looksResult{},
		"steward account show":          accountRow{},
		"steward task list":             tasksResult{},
		"steward task show":             taskRow{},
		"steward task done":             taskRow{},
		"steward erase plan":            plannedErasure{},
		"steward erase start":           erasureRow{},
		"steward erase show":            erasureWhole{},
		"steward erase list":            erasuresResult{},
		"steward erase approve":         erasureWhole{},
		"steward erase retry":           erasureRow{},
		"steward erase cancel":          erasureRow{},
		"steward hold set":              holdRow{},
		"steward hold release":          holdRow{},
		"steward hold list":             holdsResult{},
		"steward reconcile":             reconciled{},
		"steward mail preview":          previewResult{},
		"steward mail list":             mailResult{},
		"steward webhook add":           madeWebhook{},
		"steward webhook list":          endpointsResult{},
		"steward webhook remove":        webhookDone{},
		"steward webhook deliveries":    deliveriesResult{},
		"steward webhook retry":         webhookDone{},
		"steward certificate show":      certificateRow{},
		"steward certificate verify":    verifiedCertificate{},
		"steward replay list":           replayList{},
		"steward replay run":            replayed{},
		"steward describe":              described{},
		"steward version":               versionResult{},
	}
}

// lines are the commands that print one JSON object a line.
var lines = map[string]bool{"steward backup run": true}

const jsonIntro = `# JSON of the steward command

<!-- Generated from the Go types by: go test ./starter -run TestJSONContract -update -->

With ` + "`--json`" + ` a command prints one JSON object on the standard output (indented), or, where it says "lines", one
object a line as things happen. Members may be added in any release; none is renamed or removed, and none changes its
meaning, without a note in the release. A reader ignores members that it does not know. Times are RFC 3339 in UTC or with
an offset. A member marked "optional" is missing where it has no value. Texts for people (` + "`says`, `message`, `reason`" + `)
may change; codes do not.

## Errors

A command that fails prints one object on one line as the last line of the standard error, and exits with ` + "`exit`" + `. What it
found before may stand on the standard output: a report of what is wrong is a result.

`

// TestJSONContract holds docs/cli-json.md to the types.
func TestJSONContract(t *testing.T) {
	t.Parallel()

	var doc bytes.Buffer

	doc.WriteString(jsonIntro)
	writeFields(t, &doc, console.Problem{})

	remaining := contract()

	walk(newRoot(&app{console: &console.Console{}}), func(command *cobra.Command) {
		path := command.CommandPath()

		value, known := remaining[path]
		if !known {
			if !command.HasSubCommands() && !strings.HasPrefix(path, "steward completion") && command.Name() != "help" {
				t.Errorf("%s has no type in the contract", path)
			}

			return
		}

		delete(remaining, path)

		how := ""
		if lines[path] {
			how = ", lines"
		}

		fmt.Fprintf(&doc, "\n## %s%s\n\n", path, how)
		writeFields(t, &doc, value)
	})

	doc.WriteString("\n## The report in an evidence file\n\nThe member `report` of a file made by `steward backup evidence` (docs/evidence.md).\n\n")
	writeFields(t, &doc, report.Report{})

	for path := range remaining {
		t.Errorf("the contract has %s, the command has not", path)
	}

	same(t, "../docs/cli-json.md", doc.Bytes())
}

func same(t *testing.T, path string, want []byte) {
	t.Helper()

	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}

	have, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(have, want) {
		t.Errorf("%s is not what the code says; run: go test ./starter -update (%v)", path, err)
	}
}

func walk(command *cobra.Command, visit func(*cobra.Command)) {
	visit(command)

	for _, child := range command.Commands() {
		walk(child, visit)
	}
}

func writeFields(t *testing.T, doc *bytes.Buffer, value any) {
	t.Helper()
	doc.WriteString("| member | type | meaning |\n|---|---|---|\n")
	fields(t, doc, reflect.TypeOf(value), "", map[reflect.Type]bool{})
}

// fields writes one row for each member, those of members below it too.
func fields(t *testing.T, doc *bytes.Buffer, of reflect.Type, prefix string, above map[reflect.Type]bool) {
	t.Helper()

	above[of] = true
	defer delete(above, of)

	for field := range of.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")

		switch {
		case field.Anonymous && name == "":
			fields(t, doc, field.Type, prefix, above)

			continue
		case name == "" || name == "-":
			t.Errorf("%s.%s has no JSON name", of, field.Name)

			continue
		}

		kind, inner := jsonType(field.Type)
		if above[inner] {
			kind, inner = kind+", as above", nil
		}

		if strings.HasPrefix(options, "omit") {
			kind += ", optional"
		}

		comment := commentOf(t, of, field.Name)
		if comment == "" {
			t.Errorf("%s.%s has no comment", of, field.Name)
		}

		fmt.Fprintf(doc, "| `%s` | %s | %s |\n", prefix+name, kind, strings.ReplaceAll(comment, "|", "\\|"))

		if inner != nil {
			mark := "."
			if strings.HasPrefix(kind, "array") {
				mark = "[]."
			}

			fields(t, doc, inner, prefix+name+mark, above)
		}
	}
}

// jsonType says how a type stands in JSON, and which struct is inside.
func jsonType(of reflect.Type) (kind string, inner reflect.Type) {
	switch {
	case of == reflect.TypeFor[time.Time]():
		return "time", nil
	case of == reflect.TypeFor[json.RawMessage]():
		return "object", nil
	case of.Implements(reflect.TypeFor[encoding.TextMarshaler]()), of.Implements(reflect.TypeFor[json.Marshaler]()):
		return "string", nil
	}

	switch of.Kind() {
	case reflect.Bool:
		return "boolean", nil
	case reflect.String:
		return "string", nil
	case reflect.Slice:
		kind, inner := jsonType(of.Elem())

		return "array of " + kind + "s", inner
	case reflect.Struct:
		return "object", of
	case reflect.Map:
		kind, _ := jsonType(of.Elem())

		return "object of " + kind + "s", nil
	default:
		return "number", nil
	}
}

// commentOf is the comment of a field, from the source of its type.
func commentOf(t *testing.T, of reflect.Type, field string) string {
	t.Helper()

	for _, file := range sources(t, of.PkgPath()) {
		for _, decl := range file.Decls {
			general, ok := decl.(*ast.GenDecl)
			if !ok {
				continue
			}

			for _, spec := range general.Specs {
				if named, ok := spec.(*ast.TypeSpec); ok && named.Name.Name == of.Name() {
					return fieldComment(named, field)
				}
			}
		}
	}

	return ""
}

func fieldComment(named *ast.TypeSpec, field string) string {
	shape, ok := named.Type.(*ast.StructType)
	if !ok {
		return ""
	}

	for _, one := range shape.Fields.List {
		for _, name := range one.Names {
			if name.Name == field {
				text := one.Doc.Text()
				if text == "" {
					text = one.Comment.Text()
				}

				return strings.Join(strings.Fields(text), " ")
			}
		}
	}

	return ""
}

// sources are the parsed files of one of our packages.
func sources(t *testing.T, pkg string) []*ast.File {
	t.Helper()

	dir := "."
	if inner, ok := strings.CutPrefix(pkg, "steward/internal/"); ok {
		dir = filepath.Join("..", "internal", filepath.FromSlash(inner))
	}

	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}

	var files []*ast.File

	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}

		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}

		files = append(files, file)
	}

	return files
}
