package requesttest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Document is what a test needs of an OpenAPI document.
type Document struct {
	Operations []Operation
	schemas    map[string]*Schema
}

// Operation is one operation of a document.
type Operation struct {
	ID, Method, Path string
	Parameters       []Parameter
	// Body is the schema of the JSON body; nil if there is none.
	Body *Schema
	// Responses are the documented ones, by status.
	Responses map[string]Response
	// Secured says that it needs credentials.
	Secured bool
}

// Parameter is one parameter of an operation.
type Parameter struct {
	Name     string  `json:"name"`
	In       string  `json:"in"`
	Required bool    `json:"required"`
	Schema   *Schema `json:"schema"`
}

// Response is one documented response.
type Response struct {
	Content map[string]struct {
		Schema *Schema `json:"schema"`
	} `json:"content"`
	Headers map[string]any `json:"headers"`
}

// Schema is the part of JSON Schema that the document may use; another keyword is an
// error, since a rule that is not read is not checked.
type Schema struct {
	Ref                  string             `json:"$ref"`
	Type                 types              `json:"type"`
	Properties           map[string]*Schema `json:"properties"`
	Required             []string           `json:"required"`
	AdditionalProperties any                `json:"additionalProperties"`
	Items                *Schema            `json:"items"`
	Enum                 []any              `json:"enum"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`
	MinLength            *int               `json:"minLength"`
	MaxLength            *int               `json:"maxLength"`
	MinItems             *int               `json:"minItems"`
	MaxItems             *int               `json:"maxItems"`
	UniqueItems          bool               `json:"uniqueItems"`
	Pattern              string             `json:"pattern"`
	Format               string             `json:"format"`

	Description     string `json:"description"`
	Default         any    `json:"default"`
	Examples        []any  `json:"examples"`
	ReadOnly        bool   `json:"readOnly"`
	WriteOnly       bool   `json:"writeOnly"`
	ContentEncoding string `json:"contentEncoding"`
}

// types is the keyword type: one, or a list.
type types []string

// UnmarshalJSON implements json.Unmarshaler.
func (t *types) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*t = types{one}

		return nil
	}

	return json.Unmarshal(text, (*[]string)(t))
}

// wireOperation is an operation as the document spells it.
type wireOperation struct {
	OperationID string              `json:"operationId"`
	Parameters  []Parameter         `json:"parameters"`
	Security    *[]map[string]any   `json:"security"`
	Responses   map[string]Response `json:"responses"`
	RequestBody *struct {
		Content map[string]struct {
			Schema *Schema `json:"schema"`
		} `json:"content"`
	} `json:"requestBody"`
}

// Parse reads a document. It fails for a schema with a keyword that it does not know.
func Parse(text []byte) (*Document, error) {
	var wire struct {
		Paths      map[string]map[string]wireOperation `json:"paths"`
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}

	if err := json.Unmarshal(text, &wire); err != nil {
		return nil, fmt.Errorf("reading the document: %w", err)
	}

	made := &Document{schemas: map[string]*Schema{}}

	for name, raw := range wire.Components.Schemas {
		reader := json.NewDecoder(strings.NewReader(string(raw)))
		reader.DisallowUnknownFields()

		var schema Schema
		if err := reader.Decode(&schema); err != nil {
			return nil, fmt.Errorf("reading the schema %s: %w", name, err)
		}

		made.schemas[name] = &schema
	}

	for path, item := range wire.Paths {
		for method, op := range item {
			made.Operations = append(made.Operations, operation(strings.ToUpper(method), path, op))
		}
	}

	slices.SortFunc(made.Operations, func(a, b Operation) int { return strings.Compare(a.ID, b.ID) })

	return made, nil
}

func operation(method, path string, op wireOperation) Operation {
	made := Operation{
		ID: op.OperationID, Method: method, Path: path, Parameters: op.Parameters, Responses: op.Responses,
		Secured: op.Security != nil && len(*op.Security) > 0,
	}

	if op.RequestBody != nil {
		made.Body = op.RequestBody.Content["application/json"].Schema
	}

	return made
}

// resolve follows references.
func (d *Document) resolve(schema *Schema) *Schema {
	for schema != nil && schema.Ref != "" {
		schema = d.schemas[strings.TrimPrefix(schema.Ref, "#/components/schemas/")]
	}

	return schema
}
