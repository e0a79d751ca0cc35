package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sort"

	"github.com/danielgtaylor/huma/v2"

	"steward/internal/failure"
	"steward/internal/problem"
)

// docs serves the OpenAPI document and a page made from it. The page needs nothing
// from outside and runs no script.
type docs struct{ service *service }

func (d docs) register(r *router) {
	register(r, huma.Operation{
		OperationID: "get-openapi", Method: http.MethodGet, Path: "/openapi.json", Tags: []string{tagService},
		Summary: "Get the OpenAPI document", Description: "The OpenAPI 3.1 document of this API.",
		Responses: bytesOf(jsonMedia, "The document."),
	}, d.document)
	register(r, huma.Operation{
		OperationID: "get-docs", Method: http.MethodGet, Path: "/docs", Tags: []string{tagService},
		Summary: "Read the documentation", Description: "A page for people, made from the document.",
		Responses: bytesOf("text/html; charset=utf-8", "The page."),
	}, d.page)
}

// bytesOf documents a success whose body is no JSON of a type of ours.
func bytesOf(contentType, description string) map[string]*huma.Response {
	schema := &huma.Schema{Type: huma.TypeString}
	if contentType == jsonMedia {
		schema = &huma.Schema{Type: huma.TypeObject, AdditionalProperties: true}
	}

	return map[string]*huma.Response{"200": {
		Description: description, Content: map[string]*huma.MediaType{contentType: {Schema: schema}},
	}}
}

// rawAnswer is an answer that is sent as it is.
type rawAnswer struct {
	ContentType string `header:"Content-Type" hidden:"true"`
	Policy      string `header:"Content-Security-Policy" hidden:"true"`
	Body        []byte
}

func (d docs) document(context.Context, *struct{}) (*rawAnswer, error) {
	return &rawAnswer{ContentType: jsonMedia, Body: d.service.document}, nil
}

func (d docs) page(context.Context, *struct{}) (*rawAnswer, error) {
	return &rawAnswer{ContentType: "text/html; charset=utf-8", Policy: d.service.pagePolicy, Body: d.service.page}, nil
}

//go:embed docs.html
var docsPage string

//go:embed docs.css
var docsStyle string

// pageGroup are the operations of one tag.
type pageGroup struct {
	Name, About string
	Operations  []pageOperation
}

type pageOperation struct {
	*huma.Operation

	Method, Path string
}

// renderPage makes the page, and the policy that lets a browser use its style and
// nothing else.
func renderPage(document *huma.OpenAPI) (page []byte, policy string, err error) {
	made, err := template.New("docs").Funcs(template.FuncMap{"json": asJSON}).Parse(docsPage)
	if err != nil {
		return nil, "", failure.Wrap(failure.Internal, "reading the docs page", err)
	}

	var rows []failure.Row

	for _, row := range failure.Table() {
		if problem.Known(row.Code) {
			rows = append(rows, row)
		}
	}

	var text bytes.Buffer

	err = made.Execute(&text, map[string]any{
		"Style": template.CSS(docsStyle), //nolint:gosec // embedded in this program
		"Info":  document.Info, "Groups": groups(document), "Rows": rows, "Status": problem.Status,
		"Schemas": document.Components.Schemas.Map(),
	})
	if err != nil {
		return nil, "", failure.Wrap(failure.Internal, "making the docs page", err)
	}

	style := sha256.Sum256([]byte(docsStyle))
	policy = fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
		base64.StdEncoding.EncodeToString(style[:]))

	return text.Bytes(), policy, nil
}

func groups(document *huma.OpenAPI) []pageGroup {
	var made []pageGroup

	for _, tag := range document.Tags {
		group := pageGroup{Name: tag.Name, About: tag.Description}

		for path, item := range document.Paths {
			for _, op := range operationsOf(item) {
				if op.Tags[0] == tag.Name {
					group.Operations = append(group.Operations, pageOperation{Method: op.Method, Path: path, Operation: op})
				}
			}
		}

		sort.Slice(group.Operations, func(i, j int) bool {
			a, b := group.Operations[i], group.Operations[j]

			return a.Path+a.Method < b.Path+b.Method
		})

		made = append(made, group)
	}

	return made
}

// operationsOf are the operations of one path.
func operationsOf(item *huma.PathItem) []*huma.Operation {
	var found []*huma.Operation

	for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
		if op != nil {
			found = append(found, op)
		}
	}

	return found
}

// asJSON shows a schema.
func asJSON(value any) (string, error) {
	text, err := json.MarshalIndent(value, "", "  ")

	return string(text), err
}
